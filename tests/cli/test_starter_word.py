"""The word `starter` names the starter model wherever a model folder is asked for, unless a folder of that name lies here."""

import json
import shutil
from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.cli import main
from phitune_gui.cli.chat import resolve
from phitune_gui.core.problem import CannotStart
from phitune_gui.store.paths import model_folder, starter_folder
from phitune_gui.store.recipes import load_recipe
from tests.helpers.tiny_phi3 import write_tiny_phi3


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a dataset in it."""
    monkeypatch.chdir(tmp_path)
    rows = [{"question": f"What about {number}?", "answer": "Aye."} for number in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return tmp_path


COMMANDS = (["inspect", "rows.jsonl", "--model", "starter"], ["preview", "rows.jsonl", "--model", "starter"],
            ["recipe", "new", "--model", "starter", "--data", "rows.jsonl", "--out", "r.phitune.yaml"])  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_starter_that_is_not_ready_is_told_how_to_get_ready(arguments: list[str], capsys: CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    assert "phitune starter makes it ready" in capsys.readouterr().err


def test_the_word_works_where_a_model_is_asked_for(here: Path, capsys: CaptureFixture[str]) -> None:
    write_tiny_phi3(starter_folder())

    assert [main(arguments) for arguments in COMMANDS] == [0, 0, 0]
    assert load_recipe(Path("r.phitune.yaml")).model.path == str(starter_folder())
    shutil.move(str(starter_folder()), here / "elsewhere")
    capsys.readouterr()
    assert main(["plan", "r.phitune.yaml", "-o", "model.path=starter", "--json"]) == 0
    assert "not ready" in json.loads(capsys.readouterr().out)["problems"][0]["what"]
    assert main(["plan", "r.phitune.yaml", "-o", "model.path=elsewhere", "--json"]) == 0
    assert not [each for each in json.loads(capsys.readouterr().out)["problems"] if each["where"] == "model.path"]


def test_a_folder_of_that_name_goes_first(here: Path) -> None:
    (here / "starter").mkdir()

    assert model_folder("starter") == here / "starter"


def test_chat_says_what_to_do_too() -> None:
    with pytest.raises(CannotStart, match="not ready"):
        resolve("starter")
