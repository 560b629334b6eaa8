"""Exports that came to harm: told by figures and by name when they still run, and in a sentence when they do not."""

import json
import shutil
from pathlib import Path

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.job import ExportJob, VerifyJob
from phitune_gui.core.names import EXPORT_MANIFEST, REFERENCE_FILE
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.export import run_export
from phitune_gui.engine.verify import run_verify
from tests.engine.conftest import Notebook

pytestmark = pytest.mark.engine


@pytest.fixture
def copy(exported: Notebook, tmp_path: Path) -> Path:
    """A copy of the good export, to be harmed."""
    return Path(shutil.copytree(exported.folder / "out", tmp_path / "copy"))


def _verify(folder: Path) -> ParityReport:
    notebook = Notebook(folder.parent)
    ending = run_verify(VerifyJob(export=str(folder)), notebook)
    (verified,) = notebook.all(e.Verified)
    assert ending.results["verified"] == verified.report.verified
    return verified.report


def _refusal(folder: Path) -> CannotStart:
    with pytest.raises(CannotStart) as refusal:
        run_verify(VerifyJob(export=str(folder)), Notebook(folder.parent))
    assert refusal.value.problem.how_to_fix
    return refusal.value


def test_the_same_export_gives_the_same_figures_again(exported: Notebook, copy: Path) -> None:
    (first,) = exported.all(e.Verified)

    again = _verify(copy)

    assert again.verified
    timings = {"load_seconds": 0.0, "first_token_seconds": 0.0, "tokens_per_second": 0.0, "bytes": 0}
    assert again.model_copy(update=timings) == first.report.model_copy(update=timings)
    assert 0 <= again.bytes - first.report.bytes < 20_000  # README.md and chat.py come after the first measurement
    written = json.loads((copy / EXPORT_MANIFEST).read_text("utf-8"))
    assert written["report"]["load_seconds"] == again.load_seconds


def test_weights_that_are_no_numbers_are_reported_and_name_the_file(copy: Path) -> None:
    weights = copy / "model.onnx.data"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\xff" * 20_000
    weights.write_bytes(content)

    report = _verify(copy)

    assert not report.verified
    assert "its figures are not numbers" in report.why
    assert "model.onnx.data was changed after the export" in report.why
    assert not report.too_coarse
    assert json.loads((copy / EXPORT_MANIFEST).read_text("utf-8"))["report"]["verified"] is False


def test_one_flipped_sign_is_found_by_the_figures_alone(copy: Path) -> None:
    weights = copy / "model.onnx.data"
    content = bytearray(weights.read_bytes())
    for place in range(len(content) // 2, len(content) // 2 + 8_000, 4):
        content[place + 3] ^= 0x80
    weights.write_bytes(content)
    _forget_hash(copy, weights.name)

    report = _verify(copy)

    assert not report.verified
    assert report.max_logit_difference > 1e-3
    assert "logits differ by up to" in report.why
    assert "changed" not in report.why


def _forget_hash(folder: Path, name: str) -> None:
    manifest = json.loads((folder / EXPORT_MANIFEST).read_text("utf-8"))
    del manifest["files"][name]
    (folder / EXPORT_MANIFEST).write_text(json.dumps(manifest), "utf-8")


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_cut_weights_are_a_sentence(copy: Path, kept: float) -> None:
    weights = copy / "model.onnx.data"
    content = weights.read_bytes()
    weights.write_bytes(content[: int(len(content) * kept)])

    refusal = _refusal(copy)

    assert f"The export in {copy} cannot be opened: " in refusal.problem.what
    assert "\n" not in refusal.problem.what
    assert "Export the run again" in refusal.problem.how_to_fix


@pytest.mark.parametrize("name", ["model.onnx.data", "model.onnx", "genai_config.json"])
def test_a_missing_part_is_a_sentence(copy: Path, name: str) -> None:
    (copy / name).unlink()

    assert "cannot be opened" in _refusal(copy).problem.what


@pytest.mark.parametrize("content", [None, b"", b"garbage", b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_lost_or_damaged_reference_says_that_nothing_can_be_compared(copy: Path, content: bytes | None) -> None:
    (copy / REFERENCE_FILE).unlink()
    if content is not None:
        (copy / REFERENCE_FILE).write_bytes(content)

    assert "nothing can be compared" in _refusal(copy).problem.what


@pytest.mark.parametrize("content", [None, b"{}"])
def test_a_lost_or_damaged_tokenizer_is_not_verified(copy: Path, content: bytes | None) -> None:
    (copy / "tokenizer.json").unlink()
    if content is not None:
        (copy / "tokenizer.json").write_bytes(content)

    report = _verify(copy)

    assert not report.verified
    assert not report.tokenizer_agrees
    assert "tokenizer.json" in report.why
    assert "its tokenizer gives other tokens" in report.why


def test_stop_tokens_that_lack_the_end_of_an_answer_are_not_verified(copy: Path) -> None:
    config = json.loads((copy / "genai_config.json").read_text("utf-8"))
    config["model"]["eos_token_id"] = [3]
    (copy / "genai_config.json").write_text(json.dumps(config), "utf-8")

    report = _verify(copy)

    assert not report.verified
    assert not report.stops
    assert report.max_logit_difference <= 1e-4
    assert "its stop tokens lack the one that ends an answer" in report.why


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path, copy: Path) -> None:
    assert "is not an export of PhiTune" in _refusal(tmp_path).problem.what
    (copy / EXPORT_MANIFEST).write_text("{", "utf-8")

    assert "is damaged" in _refusal(copy).problem.what


def test_a_damaged_adapter_export_names_the_file(trained: Notebook, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    run_export(ExportJob(run=str(trained.folder), target="adapter", out=str(out)), Notebook(tmp_path))
    assert run_verify(VerifyJob(export=str(out)), Notebook(tmp_path)).results["verified"] is None
    weights = out / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])

    results = run_verify(VerifyJob(export=str(out)), Notebook(tmp_path)).results

    assert results["verified"] is False
    assert results["damaged"] == ["adapter_model.safetensors was changed after the export"]
