"""What may be dropped as a dataset is exactly what the readers read."""

from pathlib import Path

import pytest

from phitune_gui.core.names import DATASET_ENDINGS
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers import open_rows
from phitune_gui.ui.drops import understand

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
