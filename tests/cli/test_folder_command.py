"""A folder with files for training, validation and tests is named like one file, and what was made of it is said."""

from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.cli import main
from phitune_gui.store.recipes import load_recipe
from tests.cli.test_recipe_command import answer, model, rows

__all__ = ["model"]

SAID = "train.jsonl is learned from; valid.jsonl is only judged by; test.jsonl is left aside."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dataset"
    made.mkdir()
    for name, many in (("train", 30), ("valid", 5), ("test", 7)):
        path = rows(made / f"{name}.jsonl", many)
        path.write_text(path.read_text("utf-8").replace("Captain", name), "utf-8")
    return made


def test_every_command_makes_the_same_of_a_folder(folder: Path, model: Path, tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    out = tmp_path / "r.phitune.yaml"
    made, said = answer(capsys, "recipe", "new", "--model", str(model), "--data", str(folder), "--out", str(out))
    data = load_recipe(Path(made["path"])).data

    assert SAID in said
    assert [source.path for source in data.sources] == [str(folder / "train.jsonl")]
    assert data.validation.path == str(folder / "valid.jsonl")
    report, said = answer(capsys, "inspect", str(folder))
    assert SAID in said
    assert (report["train_rows"], report["validation_rows"]) == (30, 5)
    seen, _ = answer(capsys, "preview", str(folder), "--model", str(model), "--row", "29")
    assert seen["messages"][0]["content"] == "train, 29?"
    plan, _ = answer(capsys, "plan", str(out))
    assert (plan["train_rows"], plan["validation_rows"]) == (30, 5)
    other = rows(tmp_path / "other.jsonl", 12)
    assert main(["recipe", "new", "--model", str(model), "--data", str(other), "--out", str(out), "--force"]) == 0
    plan, said = answer(capsys, "plan", str(out), "--data", str(folder))
    assert SAID in said
    assert (plan["train_rows"], plan["validation_rows"]) == (30, 5)


@pytest.mark.parametrize("command", ["inspect", "plan"])
def test_a_folder_without_a_dataset_is_refused_in_words(command: str, model: Path, tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    out, empty = tmp_path / "r.phitune.yaml", tmp_path / "empty"
    empty.mkdir()
    data = rows(tmp_path / "rows.jsonl", 12)
    assert main(["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(out)]) == 0

    arguments = ["inspect", str(empty)] if command == "inspect" else ["plan", str(out), "--data", str(empty)]
    assert main(arguments) == 2
    assert f"no dataset in the folder {empty}" in capsys.readouterr().err
