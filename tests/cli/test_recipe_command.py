"""Recipes on the command line: what is not known is refused before it is written, data and technique are changed in one word."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.cli import main
from phitune_gui.core.recipe import Recipe
from phitune_gui.store.recipes import load_recipe, save_recipe, with_setting
from tests.helpers.tiny_phi3 import write_tiny_phi3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_phi3(tmp_path_factory.mktemp("models") / "tiny")


def rows(path: Path, many: int) -> Path:
    path.write_text("".join(json.dumps({"question": f"Captain, {each}?", "answer": "aye"}) + "\n" for each in range(many)), "utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return rows(tmp_path / "rows.jsonl", 40)


@pytest.fixture
def recipe(tmp_path: Path, model: Path, data: Path) -> Path:
    """A LoRA recipe with every option written out."""
    out = tmp_path / "r.phitune.yaml"
    assert main(["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(out)]) == 0
    return out


@pytest.fixture
def without_data(tmp_path: Path, model: Path) -> Path:
    """As the run of an imported adapter has it."""
    path = tmp_path / "recipe.yaml"
    save_recipe(with_setting(Recipe(), "model.path", str(model)), path)
    return path


def answer(capsys: CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[dict[str, Any], str]:
    """The command's one JSON object, and what it said beside."""
    capsys.readouterr()
    assert main([*arguments, "--json"]) == code
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert isinstance(document, dict)
    return document, said.err


@pytest.mark.parametrize(
    ("setting", "known"),
    [("launcher.id=banana", ", ".join(each.id for each in LAUNCHERS)), ("data.format=banana", "sharegpt"), ("technique.id=banana", "lora")],
)
def test_an_unknown_id_is_refused_with_the_known_ones(
    setting: str, known: str, tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]
) -> None:
    out = tmp_path / "new.phitune.yaml"
    command = ["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(out), "-o", setting]

    error = answer(capsys, *command, code=2)[0]["error"]

    assert error["where"] == setting.partition("=")[0]
    assert "'banana'" in error["what"]
    assert known in error["how_to_fix"]
    assert not out.exists()


def test_a_folder_without_a_model_is_refused(tmp_path: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    out = tmp_path / "new.phitune.yaml"

    error = answer(capsys, "recipe", "new", "--model", str(tmp_path / "photos"), "--data", str(data), "--out", str(out), code=2)[0]["error"]

    assert error["what"] == "The folder has no config.json, so it is no model folder."
    assert not out.exists()


def test_another_recipe_is_replaced_only_when_that_is_said(recipe: Path, model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    before = recipe.read_text("utf-8")
    command = ["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(recipe)]

    answer(capsys, *command)
    error = answer(capsys, *command, "-o", "training.epochs=7", code=2)[0]["error"]
    assert "exists already" in error["what"]
    assert "--force" in error["how_to_fix"]
    assert recipe.read_text("utf-8") == before
    answer(capsys, *command, "-o", "training.epochs=7", "--force")
    assert load_recipe(recipe).training.epochs == 7


def test_plan_takes_other_data(recipe: Path, tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    one, two = rows(tmp_path / "one.jsonl", 100), rows(tmp_path / "two.jsonl", 200)

    def planned(*options: str) -> int:
        plan, _said = answer(capsys, "plan", str(recipe), *options)
        return int(plan["train_rows"]) + int(plan["validation_rows"])

    assert planned() == 40
    assert planned("--data", str(two)) == 200
    assert planned("-o", f"data.sources.0.path={one}") == 100
    assert planned("--data", str(one), "--data", str(two)) == 200  # the first hundred questions are the same


def test_a_recipe_without_data_takes_it_from_either_option(without_data: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    for options in (["--data", str(data)], ["-o", f"data.sources.0.path={data}"]):
        plan, _said = answer(capsys, "plan", str(without_data), *options)
        assert plan["train_rows"] == 36
        assert [each for each in plan["problems"] if each["where"].startswith("data.sources")] == []


def test_train_names_the_command_that_brings_data(without_data: Path, capsys: CaptureFixture[str]) -> None:
    error, _said = answer(capsys, "train", str(without_data), code=2)
    assert error["error"]["what"] == "The recipe recipe.yaml names no dataset to learn from."
    assert error["error"]["how_to_fix"] == f"Name it: phitune train {without_data} --data FILE"
    assert main(["plan", str(without_data)]) == 0
    assert "--data FILE" in capsys.readouterr().err


@pytest.mark.parametrize("setting", ["data.sources=rows.jsonl", "data.sources.path=rows.jsonl", "data.sources.7.path=rows.jsonl"])
def test_other_ways_to_name_data_are_told_the_one_that_works(setting: str, recipe: Path, capsys: CaptureFixture[str]) -> None:
    error = answer(capsys, "plan", str(recipe), "-o", setting, code=2)[0]["error"]
    assert error["how_to_fix"] == "Write -o data.sources.1.path=FILE for one more, or --data FILE."


def test_another_technique_leaves_out_what_it_has_no_use_for(recipe: Path, capsys: CaptureFixture[str]) -> None:
    plan, said = answer(capsys, "plan", str(recipe), "-o", "technique.id=full")
    assert plan["trainable_percent"] == pytest.approx(100)
    assert "technique.rank" in said
    assert "left out" in said

    plan, said = answer(capsys, "plan", str(recipe), "-o", "technique.rank=4", "-o", "technique.id=dora")
    assert "left out" not in said
    assert plan["trainable_percent"] < 50

    error = answer(capsys, "plan", str(recipe), "-o", "technique.rank=4", "-o", "technique.id=full", code=2)[0]["error"]
    assert error["where"] == "technique.rank"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_written_over_and_not_waited_for(model: Path, data: Path, tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    pipe = tmp_path / "x.phitune.yaml"
    os.mkfifo(pipe)
    for more in ([], ["--force"]):
        assert main(["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(pipe), *more]) == 2
        assert "is no recipe, so it is not replaced" in capsys.readouterr().err
    assert pipe.is_fifo()


@pytest.mark.parametrize(("setting", "said"), [
    ("training.learning_rat=1", "Did you mean training.learning_rate?"), ("epochs=1", "Did you mean training.epochs?"),
    ("learning_rate=1", "Did you mean training.learning_rate?"), ("batch_size=1", "training.micro_batch_size"),
    ("technique.alfa=1", "alpha"),
    ("training.learning_rate=5", "is 5, but it must be a number above 0 and up to 1"),
    ("training.max_steps=0", "is 0, but it must be a whole number from 1 to 1,000,000"),
    ("data.validation.percent=80", "is 80, but it must be a number from 0 to 50"),
])  # fmt: skip
def test_a_wrong_setting_says_what_is_right(setting: str, said: str, recipe: Path, capsys: CaptureFixture[str]) -> None:
    assert main(["plan", str(recipe), "-o", setting]) == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_trained_is_written_and_said(tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    command = ["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(tmp_path / "r.phitune.yaml")]
    assert main([*command, "-o", "data.max_length=256", "-o", "technique.model_blocks=1-9"]) == 0
    assert "It cannot be trained as it is." in (said := capsys.readouterr().err)
    assert "no blocks 2 to 9" in said
    assert main([*command, "--force", "-o", "data.max_length=256"]) == 0
    assert "cannot be trained" not in capsys.readouterr().err


def test_a_technique_beside_a_preset_is_said(tmp_path: Path, model: Path, data: Path, capsys: CaptureFixture[str]) -> None:
    command = ["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(tmp_path / "r.phitune.yaml")]
    assert main([*command, "--preset", "olive", "--technique", "ia3"]) == 0
    assert "Then the technique was set to IA3, as you asked." in capsys.readouterr().err
