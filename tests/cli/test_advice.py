"""`phitune advise` answers for what is named, says what it assumes for the rest, and lists what it knows."""

import json
from pathlib import Path
from typing import Any

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.catalog.scenarios import SCENARIOS
from phitune_gui.cli import main
from phitune_gui.files.resources import resource
from tests.helpers.tiny_phi3 import write_tiny_phi3

DATA = str(resource("datasets", "harbour_answers.jsonl"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_phi3(tmp_path_factory.mktemp("models") / "tiny")


def answer(capsys: CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """The command's one JSON object."""
    assert main([*arguments, "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def test_the_ranking_has_the_keys_of_the_contract(model: Path, capsys: CaptureFixture[str]) -> None:
    advice = answer(capsys, "advise", "memory", "--model", str(model), "--data", DATA)
    assert advice["scenario"] == "memory"
    assert advice["assumed"] == []
    assert all({"technique", "document_says", "corrected", "why", "works_here", "reason"} <= set(place) for place in advice["ranking"])
    lora = next(place for place in advice["ranking"] if place["technique"] == "lora")
    assert (lora["document_says"], lora["corrected"], lora["works_here"]) == (False, True, True)
    assert lora["memory_bytes"] > 0
    assert lora["seconds"] > 0


def test_what_is_not_named_is_assumed_and_said(capsys: CaptureFixture[str]) -> None:
    assert len(answer(capsys, "advise", "chat")["assumed"]) == 2
    with_data = answer(capsys, "advise", "chat", "--data", DATA)
    assert "Without --model no tokens are counted" in with_data["assumed"][1]
    assert all(place["seconds"] > 0 for place in with_data["ranking"] if place["can_be_chosen"])


def test_without_a_scenario_all_are_listed(capsys: CaptureFixture[str]) -> None:
    listed = answer(capsys, "advise")["scenarios"]
    assert [each["id"] for each in listed] == [each.id for each in SCENARIOS]
    assert main(["advise"]) == 0
    assert "No (now Yes)" in capsys.readouterr().out


def test_people_read_places_and_corrections(capsys: CaptureFixture[str]) -> None:
    assert main(["advise", "aggregate_gpu"]) == 0
    said = capsys.readouterr()
    assert "Yes (now No)" in said.out
    assert "corrected this to No" in said.err


def test_each_technique_is_one_line_and_its_reason_is_there_when_asked(capsys: CaptureFixture[str]) -> None:
    assert main(["advise", "chat"]) == 0
    short = capsys.readouterr()
    assert "--reasons" in short.err
    assert main(["advise", "chat", "--reasons"]) == 0
    long = capsys.readouterr().out
    places = answer(capsys, "advise", "chat")["ranking"]
    assert len(short.out.splitlines()) == 3 + len(places)
    for at, place in enumerate(places, 1):
        assert [line for line in short.out.splitlines() if line.split()[:2] == [str(at), place["label"].split()[0]]]
        assert f"{at} {place['label']}: " in long
        assert place["why"] in long
    assert long.count(" saves ") >= sum(line.count("=") for line in short.out.splitlines()[3:]) // 2  # free memory may change meanwhile


@pytest.mark.parametrize("arguments", [("poker",), ("chat", "--model", "no/such/folder"), ("chat", "--data", "no/such/file.csv")])
def test_what_is_not_there_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], capsys: CaptureFixture[str]) -> None:
    assert answer(capsys, "advise", *arguments, code=2)["error"]["what"].endswith(".")


def test_an_unknown_scenario_is_answered_with_the_list(capsys: CaptureFixture[str]) -> None:
    error = answer(capsys, "advise", "poker", code=2)["error"]
    assert all(each.id in error["how_to_fix"] for each in SCENARIOS)
