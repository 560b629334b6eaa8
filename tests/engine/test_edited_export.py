"""An export whose manifest was edited: refused in a sentence, and never verified by an easier check than its own."""

import json
import shutil
from pathlib import Path

import pytest

from phitune_gui.core.job import VerifyJob
from phitune_gui.core.names import EXPORT_MANIFEST, REFERENCE_FILE
from phitune_gui.core.parity import Bar
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine import verify
from phitune_gui.engine.parity import Circumstances, Figures, Speed, build_report
from phitune_gui.engine.reference import load_reference
from tests.engine.conftest import Notebook

pytestmark = pytest.mark.engine


def _edited(exported: Notebook, folder: Path, **changes: object) -> Path:
    shutil.copytree(exported.folder / "out", folder)
    file = folder / EXPORT_MANIFEST
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **changes}), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"target": "nope"}, "'nope' is no export target"),
        ({"target": "merged"}, "an export as merged is not of the kind 'onnx'"),
        ({"kind": "adapter"}, "an export as onnx-cpu-fp32 is not of the kind 'adapter'"),
        ({"target": "onnx-cpu-int4"}, "an export as onnx-cpu-int4 does not have the precision 'fp32'"),
        ({"target": "merged", "kind": "merged", "precision": "nope"}, "an export as merged does not have the precision 'nope'"),
        ({"target": "merged", "kind": "merged", "precision": "float32"}, "what lies there is an ONNX model"),
        ({"target": "adapter", "kind": "adapter"}, "what lies there is an ONNX model"),
        ({"stop_ids": []}, "it names no token that ends an answer"),
    ],
)
def test_a_manifest_that_contradicts_itself_or_the_folder_is_refused(
    exported: Notebook, tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    folder = _edited(exported, tmp_path / "edited", **changes)
    before = (folder / EXPORT_MANIFEST).read_bytes()

    with pytest.raises(CannotStart) as refusal:
        verify.run_verify(VerifyJob(export=str(folder)), Notebook(tmp_path))

    assert refusal.value.problem.what == f"The {EXPORT_MANIFEST} in {folder} is wrong: {why}."
    assert (folder / EXPORT_MANIFEST).read_bytes() == before


def test_a_manifest_without_its_list_of_files_verifies_nothing(exported: Notebook, tmp_path: Path) -> None:
    ended = verify.run_verify(VerifyJob(export=str(_edited(exported, tmp_path / "edited", files={}))), Notebook(tmp_path))

    assert ended.results["verified"] is False
    assert "lists no files" in ended.results["report"]["why"]


def test_a_bar_that_asks_nothing_verifies_nothing(exported: Notebook) -> None:
    reference = load_reference(exported.folder / "out" / REFERENCE_FILE)
    alike = Figures(1.0, 0.0, 0.0, 1.0, 1.0)
    known = Circumstances("adapter", "float32", 0, (), 0.0, True)

    report = build_report(Bar(), reference, alike, Speed(0.0, 0.0, 0.0), known)

    assert not report.verified
    assert "nothing was asked of it" in report.why


def test_a_reference_file_of_something_else_is_a_sentence(exported: Notebook, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="missing or damaged"):
        load_reference(next((exported.folder / "out").glob("*.onnx")))
    weights = next(Path(json.loads((exported.folder / "out" / EXPORT_MANIFEST).read_text("utf-8"))["run"]).glob("adapter/*.safetensors"))
    with pytest.raises(CannotStart, match="missing or damaged"):
        load_reference(weights)
