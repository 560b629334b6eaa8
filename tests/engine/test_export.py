"""Exports: equal to the model they come from, marked when they are not, whole or not there, and still alive after a move."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from phitune_gui.catalog import exports
from phitune_gui.core import events as e
from phitune_gui.core.job import ExportJob, StopRequest, VerifyJob
from phitune_gui.core.names import EXPORT_MANIFEST, REFERENCE_FILE
from phitune_gui.core.parity import Bar
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.run import Run, apply_all
from phitune_gui.engine import export, verify
from phitune_gui.engine.export_manifest import read_manifest, write_manifest
from tests.engine.conftest import Notebook

pytestmark = pytest.mark.engine


def test_float32_onnx_is_the_same_model(exported: Notebook) -> None:
    (verified,) = exported.all(e.Verified)

    report = verified.report
    assert report.verified, report.why
    assert report.max_logit_difference <= 1e-4
    assert report.top1 == 1.0
    assert report.tokenizer_agrees
    assert report.stops


def test_an_export_carries_everything_it_needs(exported: Notebook) -> None:
    out = exported.folder / "out"
    names = {path.name for path in out.iterdir()}

    assert {"model.onnx", "genai_config.json", "tokenizer.json", "README.md", "chat.py", EXPORT_MANIFEST, REFERENCE_FILE} <= names
    config = json.loads((out / "genai_config.json").read_text("utf-8"))
    manifest = json.loads((out / EXPORT_MANIFEST).read_text("utf-8"))
    assert set(manifest["stop_ids"][:1]) <= set(config["model"]["eos_token_id"])
    assert config["search"]["max_length"] <= 4096
    assert [path.name for path in exported.folder.iterdir()] == ["out"]


def test_an_export_says_how_much_memory_it_took(exported: Notebook) -> None:
    assert exported.all(e.MemoryMeasured)[-1].peak_bytes > 0


def test_the_export_still_answers_after_it_was_moved(exported: Notebook, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(exported.folder / "out", moved)

    asked = subprocess.run(
        [sys.executable, "-P", "chat.py", "Captain, what about 3?"], cwd=moved, capture_output=True, text=True, timeout=100, check=False
    )

    assert asked.returncode == 0, asked.stderr
    assert "aye" in asked.stdout


def test_verify_needs_nothing_but_the_export(exported: Notebook, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(exported.folder / "out", moved)
    notebook = Notebook(tmp_path)

    verify.run_verify(VerifyJob(export=str(moved)), notebook)

    assert notebook.all(e.Verified)[0].report.verified


def test_a_damaged_export_is_reported_as_failed(exported: Notebook, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(exported.folder / "out", damaged)
    weights = damaged / "model.onnx.data"
    content = bytearray(weights.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = bytes(20_000)
    weights.write_bytes(content)
    notebook = Notebook(tmp_path)

    verify.run_verify(VerifyJob(export=str(damaged)), notebook)

    report = notebook.all(e.Verified)[0].report
    assert not report.verified
    assert report.max_logit_difference > 1e-3
    assert "Not verified" in report.why


def test_an_export_that_cannot_be_read_is_a_sentence(exported: Notebook, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(exported.folder / "out", cut)
    (cut / "model.onnx").write_bytes(b"not a model")

    with pytest.raises(CannotStart) as refusal:
        verify.run_verify(VerifyJob(export=str(cut)), Notebook(tmp_path))

    assert "cannot be opened" in refusal.value.problem.what


def test_automatic_names_what_it_tried(trained: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = Bar(min_top1=1.1)
    chosen = {id: exports.export_target(id) for id in exports.AUTOMATIC}
    for id in ("onnx-cpu-int4", "onnx-cpu-int8"):
        fields = {name: getattr(chosen[id], name) for name in chosen[id].__slots__}
        chosen[id] = type(chosen[id])(**{**fields, "bar": impossible})
    for module in (export, verify):
        monkeypatch.setattr(module, "export_target", lambda id: chosen[id])
    notebook = Notebook(tmp_path)

    export.run_export(ExportJob(run=str(trained.folder), target="auto", out=str(tmp_path / "out")), notebook)

    report = notebook.all(e.Verified)[0].report
    assert report.verified
    assert not report.too_coarse
    assert report.target == "onnx-cpu-fp32"
    assert len(report.tried) == 2
    assert "int4" in report.tried[0]
    assert "int8" in report.tried[1]


def test_an_adapter_and_a_merged_model_are_exports_too(trained: Notebook, tmp_path: Path) -> None:
    for target, file in (("adapter", "adapter_model.safetensors"), ("merged", "model.safetensors")):
        notebook = Notebook(tmp_path)
        export.run_export(ExportJob(run=str(trained.folder), target=target, out=str(tmp_path / target)), notebook)
        assert (tmp_path / target / file).is_file()
    report = notebook.all(e.Verified)[0].report
    assert report.verified
    assert report.load_seconds > 0
    assert (report.first_token_seconds, report.tokens_per_second) == (None, None)
    assert (tmp_path / "merged" / "generation_config.json").is_file()


def test_a_stopped_export_leaves_nothing(trained: Notebook, tmp_path: Path) -> None:
    notebook = Notebook(tmp_path, lambda _step: [StopRequest(request="stop", id="1", at=0.0)])

    ending = export.run_export(ExportJob(run=str(trained.folder), target="onnx-cpu-fp32", out=str(tmp_path / "out")), notebook)

    assert ending.stopped_early
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="not the folder of a training run"):
        export.run_export(ExportJob(run=str(tmp_path), target="auto", out=str(tmp_path / "out")), Notebook(tmp_path))


def test_verifying_an_adapter_compares_its_files_and_nothing_else(trained: Notebook, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    export.run_export(ExportJob(run=str(trained.folder), target="adapter", out=str(out)), Notebook(tmp_path))
    whole, damaged = Notebook(tmp_path), Notebook(tmp_path)

    verify.run_verify(VerifyJob(export=str(out)), whole)
    weights = out / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    verify.run_verify(VerifyJob(export=str(out)), damaged)

    assert whole.all(e.FilesCompared)[0].damaged == ()
    assert damaged.all(e.FilesCompared)[0].damaged == ("adapter_model.safetensors was changed after the export",)
    assert apply_all(Run(), damaged.events).exports[-1].target == "adapter"


def test_an_adapter_without_a_list_of_files_is_not_called_whole(trained: Notebook, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    export.run_export(ExportJob(run=str(trained.folder), target="adapter", out=str(out)), Notebook(tmp_path))
    write_manifest(out, read_manifest(out).model_copy(update={"files": {}}))
    notebook = Notebook(tmp_path)

    verify.run_verify(VerifyJob(export=str(out)), notebook)

    assert notebook.all(e.FilesCompared)[0].damaged is None
