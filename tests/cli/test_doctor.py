"""`phitune doctor` really tries, prints its findings, and later plans know them."""

import json
import os
from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.cli import main
from phitune_gui.core.machine_report import DEEPSPEED, EIGHT_BIT, FOUR_BIT, ONNX
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.store.paths import doctor_file, runs_folder


def test_the_findings_are_printed_and_kept(capsys: CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert all(set(check) == {"name", "ok", "why", "how_to_fix"} for check in checks.values())
    assert {FOUR_BIT, EIGHT_BIT, DEEPSPEED, ONNX} < set(checks)
    kept = {found.name: found for found in probe_hardware(runs_folder()).findings}
    assert {name: found.model_dump() for name, found in kept.items()} == checks


@pytest.mark.skipif(os.name == "nt", reason="folders are replaced differently there")
def test_findings_that_cannot_be_kept_are_printed_all_the_same(capsys: CaptureFixture[str]) -> None:
    Path(doctor_file()).mkdir(parents=True)
    (doctor_file() / "in-the-way").touch()
    assert main(["doctor"]) == 0
    said = capsys.readouterr()
    assert FOUR_BIT in said.out
    assert "could not be kept" in said.err
