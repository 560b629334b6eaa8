"""The files of a folder are told apart by the beginnings of their names, and what was made of them is said."""

from pathlib import Path

import pytest

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.dataset_folder import DataFiles, files_meant, parted


def paths(*names: str) -> tuple[Path, ...]:
    return tuple(Path(name) for name in names)


@pytest.mark.parametrize(
    ("names", "sources", "validation", "left"),
    [
        (("test.jsonl", "train.jsonl", "valid.jsonl"), ("train.jsonl",), "valid.jsonl", ("test.jsonl",)),
        (("Train_1.CSV", "train-2.csv", "VAL.csv"), ("Train_1.CSV", "train-2.csv"), "VAL.csv", ()),
        (("train-00000-of-00001.parquet", "validation-00000-of-00002.parquet", "validation-00001-of-00002.parquet"),
         ("train-00000-of-00001.parquet",), "validation-00000-of-00002.parquet", ("validation-00001-of-00002.parquet",)),
        (("dev.json", "training.json", "more.json"), ("training.json",), "dev.json", ("more.json",)),
        (("eval.csv.gz", "rows.csv.gz"), ("rows.csv.gz",), "eval.csv.gz", ()),
        (("evaluation_set.csv", "trainset.csv", "testset.csv"), ("trainset.csv",), "evaluation_set.csv", ("testset.csv",)),
        (("values.csv", "devices.csv", "testimonials.csv"), ("values.csv", "devices.csv", "testimonials.csv"), None, ()),
        (("my_train.csv", "my_valid.csv"), ("my_train.csv", "my_valid.csv"), None, ()),
        (("test.csv",), ("test.csv",), None, ()),
        (("test.csv", "val.csv"), ("test.csv", "val.csv"), None, ()),
    ],
)  # fmt: skip
def test_names_say_what_files_are_for(
    names: tuple[str, ...], sources: tuple[str, ...], validation: str | None, left: tuple[str, ...]
) -> None:
    made = parted(paths(*names))

    assert (made.sources, made.validation, made.left) == (paths(*sources), None if validation is None else Path(validation), paths(*left))
    assert all(name in made.said for name in names)


def test_what_was_taken_and_left_is_a_sentence() -> None:
    files = paths("test.csv", "train.csv", "valid.csv")

    assert parted(files).said == "train.csv is learned from; valid.csv is only judged by; test.csv is left aside."
    assert parted(paths("a.csv", "b.csv")).said == "a.csv, b.csv are learned from."


def test_files_and_folders_are_meant_together(tmp_path: Path) -> None:
    for folder, names in (("one", ("train.csv", "val.csv", "README.md")), ("two", ("train.csv", "dev.csv"))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()
    one, two, single = tmp_path / "one", tmp_path / "two", tmp_path / "valid.csv"

    made = files_meant([single, one, two])

    assert made.sources == (single, one / "train.csv", two / "train.csv")
    assert (made.validation, made.left) == (two / "dev.csv", (one / "val.csv",))
    assert files_meant([single]) == DataFiles((single,))


def test_a_folder_without_a_dataset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.png").touch()

    with pytest.raises(CannotStart, match="no dataset in the folder") as refused:
        files_meant([tmp_path])

    assert ".jsonl" in refused.value.problem.how_to_fix
