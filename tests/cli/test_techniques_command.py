"""`phitune techniques` is the catalog, read out."""

import json
from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.cli import main
from phitune_gui.cli.output import RESULT
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.technique_matrix import technique_matrix
from phitune_gui.planning.typical import typical_model, typical_report
from tests.helpers.factories import a_machine
from tests.helpers.tiny_phi3 import write_tiny_phi3


def test_json_names_every_technique_with_its_options_and_flags(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    model = write_tiny_phi3(tmp_path / "tiny")
    assert main(["techniques", "--model", str(model), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["techniques"]
    assert [row["id"] for row in listed] == [offered.id for offered in TECHNIQUES]
    for row, offered in zip(listed, TECHNIQUES, strict=True):
        assert (row["label"], row["can_merge"], row["can_export"]) == (offered.label, offered.can_merge, offered.can_export)
        assert [option["name"] for option in row["options"]] == list(offered.options.model_fields)
        assert (row["summary"], row["when"], row["costs"]) == (offered.summary, offered.when, offered.costs)
        assert row["reason"].endswith(".")
    rank = next(option for option in listed[0]["options"] if option["name"] == "rank")
    assert rank == {
        "name": "rank", "title": "Rank", "default": 16, "advanced": False,
        "help": "Width of the trained matrices. A higher rank can learn more and needs more memory.",
    }  # fmt: skip


def test_people_get_one_line_for_each(capsys: CaptureFixture[str]) -> None:
    assert main(["techniques"]) == 0
    said = capsys.readouterr()
    lines = [line.split() for line in said.out.splitlines()]
    for offered in (*TECHNIQUES, *LAUNCHERS):
        (line,) = [words for words in lines if words[:1] == [offered.id]]
        assert line[1 : 1 + len(offered.label.split())] == offered.label.split()
    assert len([words for words in lines if words]) == len(TECHNIQUES) + len(LAUNCHERS) + 2
    assert "Almost always: for a style" in said.out
    assert "reckons with Phi-3-mini 4k" in said.err
    assert "phitune techniques ID" in said.err


def test_one_is_told_with_all_that_is_known(capsys: CaptureFixture[str]) -> None:
    assert main(["techniques", "lora"]) == 0
    said = capsys.readouterr().out
    assert "25,165,824" in said
    assert "Almost always: for a style" in said
    assert "technique.rank" in said
    assert "single, ddp, fsdp2" in said
    assert "QLoRA" not in said
    assert main(["techniques", "qlora", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert ([row["id"] for row in listed["techniques"]], listed["launchers"]) == (["qlora"], [])
    assert main(["techniques", "magic", "--json"]) == 2
    assert "lora, qlora" in json.loads(capsys.readouterr().out)["error"]["how_to_fix"]


def test_a_narrow_screen_still_gets_one_line_for_each(capsys: CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RESULT, "width", 100)
    assert main(["techniques"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_a_machine_that_is_too_small_is_named_as_the_reason() -> None:
    lora = next(row for row in technique_matrix(Ground(typical_model(), typical_report(), a_machine(4))) if row.id == "lora")
    assert not lora.works_here
    assert "4.0 GB are free" in lora.reason


def test_launchers_are_listed_with_what_they_buy_and_for_which_techniques(capsys: CaptureFixture[str]) -> None:
    assert main(["techniques", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in listed["launchers"]] == [offered.id for offered in LAUNCHERS]
    several = next(row for row in listed["launchers"] if row["id"] == "ddp")
    assert (several["processes"], several["bytes_per_process"]) == (2, several["memory_bytes"] // 2)
    proven = {row["id"]: row["launchers"] for row in listed["techniques"]}
    assert "fsdp2" in proven["lora"]
    assert "fsdp2" not in proven["qlora"]
    assert main(["techniques", "fsdp2"]) == 0
    assert "Several processes, one model: Each process keeps a part" in capsys.readouterr().out
