"""What may be dropped as a dataset is exactly what the readers read."""

from pathlib import Path

import pytest

from phitune_gui.core.names import DATASET_ENDINGS
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers import open_rows
from phitune_gui.ui.drop_words import drop_words
from phitune_gui.ui.drops import understand, understand_all

OTHERS = (".ndjson", ".arrow", ".feather", ".md", ".gz", ".zip.gz", ".jsonl.gz.gz", ".jsonl.zip", ".xlsx", "")


def _has_reader(path: Path) -> bool:
    try:
        with open_rows(path) as file:
            list(file.rows)
    except CannotStart as refusal:
        return "is damaged" in refusal.problem.what
    return True


@pytest.mark.parametrize("suffix", [*DATASET_ENDINGS, *OTHERS])
def test_a_file_is_a_dataset_when_there_is_a_reader_for_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    path.write_text('{"text": "a"}\n', "utf-8")

    drop = understand(path)

    assert (drop.kind == "dataset") == _has_reader(path) == (suffix in DATASET_ENDINGS)
    assert bool(drop.why) == (drop.kind == "refused")


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("README.md", "rows.jsonl.gz", "more.arrow"), ("more.arrow", "rows.jsonl.gz")),
        (("one.md", "two.md"), ("one.md", "two.md")),
    ],
)
def test_a_markdown_file_beside_a_folders_datasets_is_not_one_of_them(
    tmp_path: Path, names: tuple[str, ...], taken: tuple[str, ...]
) -> None:
    for name in names:
        (tmp_path / name).write_text("x", "utf-8")

    assert understand(tmp_path).paths == tuple(tmp_path / name for name in taken)


def test_a_folder_that_is_parted_says_before_and_after_what_is_made_of_it(tmp_path: Path) -> None:
    for name in ("train.csv", "valid.csv", "test.csv"):
        (tmp_path / name).write_text("question,answer\na,b\n", "utf-8")
    single = tmp_path.with_name("single.csv")
    single.write_text("question,answer\na,b\n", "utf-8")

    (both,) = understand_all([single, tmp_path])

    assert both.paths == (single, tmp_path / "train.csv")
    assert both.files.validation == tmp_path / "valid.csv"
    assert drop_words([both]) == "Learn from 2 files\nJudge by valid.csv\nLeave aside test.csv"
    assert both.files.said == "train.csv is learned from; valid.csv is only judged by; test.csv is left aside."
    assert drop_words([understand(single)]) == "Learn from single.csv"
