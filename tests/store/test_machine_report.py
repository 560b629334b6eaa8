"""The doctor's findings hold for the libraries and the machine they were made with, and for nothing else."""

import json
import os
from pathlib import Path

import pytest

from phitune_gui.core.hardware import Gpu
from phitune_gui.core.machine_report import FOUR_BIT, Finding
from phitune_gui.store import machine_report
from phitune_gui.store.machine_report import keep_findings, known_findings
from phitune_gui.store.paths import doctor_file
from tests.helpers.factories import GB, a_machine

FOUND = (Finding(name=FOUR_BIT, ok=False, why="no kernel", how_to_fix="Choose LoRA."), Finding(name="Disk", ok=True, why="9 GB free"))


def test_what_was_kept_is_known_again() -> None:
    assert known_findings(a_machine()) == ()
    keep_findings(FOUND, a_machine())
    assert known_findings(a_machine()) == FOUND
    assert known_findings(a_machine(8)) == FOUND  # how much memory is free is no matter of libraries


def test_another_version_or_machine_makes_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_findings(FOUND, a_machine())
    assert known_findings(a_machine().model_copy(update={"gpus": (Gpu(name="A", memory_bytes=GB),)})) == ()
    assert known_findings(a_machine().model_copy(update={"cpu": "Another"})) == ()
    monkeypatch.setattr(machine_report, "version", lambda name: "99.0" if name == "bitsandbytes" else "1.0")
    assert known_findings(a_machine()) == ()


def _whole() -> dict[str, object]:
    return json.loads(doctor_file().read_text("utf-8"))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "\x00", "[" * 100_000, '{"schema_version": 1}', "x" * 300_000],
    ids=["empty", "half", "list", "null", "nul", "deep", "incomplete", "huge"],
)
def test_a_damaged_file_counts_as_never_asked(content: str) -> None:
    keep_findings(FOUND, a_machine())
    doctor_file().write_text(content, "utf-8")
    assert known_findings(a_machine()) == ()


def test_a_newer_layout_or_a_pipe_counts_as_never_asked() -> None:
    keep_findings(FOUND, a_machine())
    doctor_file().write_text(json.dumps(_whole() | {"schema_version": 2}), "utf-8")
    assert known_findings(a_machine()) == ()
    doctor_file().unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(doctor_file())  # a plain open would wait for ever
        assert known_findings(a_machine()) == ()
        doctor_file().unlink()
    Path(doctor_file()).mkdir()
    assert known_findings(a_machine()) == ()
