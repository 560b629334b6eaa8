"""A file's weight says how often its training rows are seen in an epoch: the same rows for the same seed, and never a held-out one."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.recipe import DataSection, DataSource, ModelSection, Recipe, ValidationSection
from phitune_gui.data.doctor import examine
from phitune_gui.data.training_rows import training_rows
from phitune_gui.data.weights import repeated

KEYS = [bytes([at]) * 16 for at in range(100)]
FILES = np.array([0] * 60 + [1] * 40, np.uint8)


def counted(*weights: float, seed: int = 7) -> Counter[int]:
    return Counter(repeated(np.arange(100), KEYS, FILES, weights, seed).tolist())


@pytest.mark.parametrize(
    ("weight", "counts"),
    [(0.5, {1: 30}), (1.0, {1: 60}), (1.5, {1: 30, 2: 30}), (2.0, {2: 60}), (2.25, {2: 45, 3: 15}), (0.001, {1: 1})],
)
def test_rows_are_seen_as_often_as_the_weight_of_their_file_says(weight: float, counts: dict[int, int]) -> None:
    seen = counted(weight, 1.0)

    assert Counter(seen[at] for at in range(60) if at in seen) == counts
    assert [seen[at] for at in range(60, 100)] == [1] * 40


def test_the_rows_follow_from_the_seed_and_from_nothing_else() -> None:
    assert counted(0.5, 1.5) == counted(0.5, 1.5)
    assert counted(0.5, 1.5) != counted(0.5, 1.5, seed=8)
    alone = {at for at in counted(0.5, 1.0) if at < 60}
    assert alone == {at for at in counted(0.5, 3.0) if at < 60}  # another file's weight moves none of these
    assert alone < {at for at in counted(0.75, 1.0) if at < 60}  # more weight adds rows and takes none away


def test_all_rows_come_once_before_one_comes_again() -> None:
    seen = repeated(np.arange(100), KEYS, FILES, (2.0, 1.0), 7).tolist()

    assert seen[:100] == list(range(100))
    assert seen[100:] == list(range(60))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    made = []
    for name, many in (("big", 60), ("small", 20)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(
            "".join(json.dumps({"question": f"{name} {each}?", "answer": "aye " * (each + 1)}) + "\n" for each in range(many)), "utf-8"
        )
        made.append(path)
    return made[0], made[1]


def section(files: tuple[Path, Path], weights: tuple[float, float], percent: float = 10.0) -> DataSection:
    sources = tuple(DataSource(path=str(path), weight=weight) for path, weight in zip(files, weights, strict=True))
    return DataSection(sources=sources, validation=ValidationSection(percent=percent))


def test_the_report_counts_what_is_seen_and_says_so(files: tuple[Path, Path], tiny_model: BaseModel) -> None:
    plain, weighed = (examine(section(files, weights, percent=0), tiny_model, 7).report for weights in ((1.0, 1.0), (0.5, 2.0)))

    assert (plain.kept, plain.train_rows, plain.notes) == (80, 80, ())
    assert (weighed.rows, weighed.kept, weighed.train_rows, weighed.duplicates) == (80, 80, 30 + 40, 0)
    assert weighed.notes == (
        "big.jsonl has the weight 0.5: its 60 training rows make 30 in each epoch.",
        "small.jsonl has the weight 2: its 20 training rows make 40 in each epoch.",
    )
    assert weighed.fingerprint != plain.fingerprint


def test_held_out_rows_are_the_same_with_any_weight_and_seen_once(
    files: tuple[Path, Path], tiny_model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHITUNE_HOME", str(tmp_path / "home"))
    plain, weighed = (
        training_rows(Recipe(model=ModelSection(path=tiny_model.path), data=section(files, weights)), tiny_model)
        for weights in ((1.0, 1.0), (0.5, 2.0))
    )
    texts = [row.text for row in weighed.train]

    assert [row.ids for row in weighed.validation] == [row.ids for row in plain.validation]
    assert set(texts).isdisjoint(row.text for row in weighed.validation)
    assert len(texts) == weighed.report.train_rows
    assert {count for text, count in Counter(texts).items() if "small" in text} == {2}
    assert {count for text, count in Counter(texts).items() if "big" in text} == {1}
    assert sum(len(row.ids) for row in weighed.train) == weighed.report.tokens
    assert sum(sum(row.learned) for row in weighed.train) == weighed.report.learned_tokens
