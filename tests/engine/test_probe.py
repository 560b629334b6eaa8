"""The machine probe: one finding for each of its tests, each with a way on, whatever breaks."""

import sys
from collections import namedtuple
from pathlib import Path

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.job import ProbeJob
from phitune_gui.engine import probe
from tests.engine.conftest import Notebook

pytestmark = pytest.mark.engine


def _found(folder: Path) -> dict[str, e.Checked]:
    notebook = Notebook(folder)
    ending = probe.run_probe(ProbeJob(), notebook)
    assert ending == e.JobFinished()
    return {check.name: check for check in notebook.all(e.Checked)}


def test_every_test_gives_one_finding_and_what_is_missing_says_what_to_do(tmp_path: Path) -> None:
    found = _found(tmp_path)

    assert list(found) == list(probe._TESTS)
    assert all(check.why for check in found.values())
    assert all(check.how_to_fix for check in found.values() if not check.ok)
    for needed in ("System", "Libraries", "Processor", "Memory", "Training", "4-bit models (QLoRA)", "ONNX Runtime", "ONNX generation"):
        assert found[needed].ok, found[needed].why


def test_nothing_that_breaks_ends_the_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_reporter: object) -> str:
        raise RuntimeError("first line\nsecond line")

    def silent(_reporter: object) -> str:
        raise ValueError

    tests = {name: (broken if at % 2 else silent, "Do this.") for at, name in enumerate(probe._TESTS)}
    monkeypatch.setattr(probe, "_TESTS", tests)

    found = _found(tmp_path)

    assert not any(check.ok for check in found.values())
    assert [check.why for check in found.values()][:2] == ["ValueError: no reason given", "RuntimeError: first line"]
    assert {check.how_to_fix for check in found.values()} == {"Do this."}


@pytest.mark.parametrize(
    ("module", "name"),
    [("bitsandbytes", "4-bit models (QLoRA)"), ("onnxruntime", "ONNX Runtime"), ("onnxruntime_genai", "ONNX generation")],
)
def test_a_library_that_cannot_be_imported_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    found = _found(tmp_path)

    assert not found[name].ok
    assert module in found[name].why
    assert found[name].how_to_fix
    assert found["Training"].ok


def test_a_nearly_full_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(probe.shutil, "disk_usage", lambda _path: usage(10**12, 10**12 - 10**9, 10**9))

    disk = _found(tmp_path)["Disk"]

    assert not disk.ok
    assert disk.why == "only 1.0 GB free"
    assert "PHITUNE_HOME" in disk.how_to_fix
