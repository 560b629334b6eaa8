"""Compares an export with the reference that travels in it; export uses the same steps on what it has just made."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from phitune_gui.catalog.exports import export_target
from phitune_gui.core.events import FilesCompared, JobFinished, StageBegan, Verified
from phitune_gui.core.job import VerifyJob
from phitune_gui.core.names import EXPORT_MANIFEST, REFERENCE_FILE
from phitune_gui.core.parity import Bar, ParityReport
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine import onnx_runtime
from phitune_gui.engine.decoding import compare_answers, speak
from phitune_gui.engine.export_manifest import ExportManifest, damaged_files, folder_bytes, read_manifest, write_manifest
from phitune_gui.engine.model import load_base
from phitune_gui.engine.onnx_build import stop_ids_of
from phitune_gui.engine.parity import Circumstances, Figures, Speed, build_report, compare, measure_speed, tokenizer_drift
from phitune_gui.engine.reference import Reference, answers_of, load_reference
from phitune_gui.engine.reporting import Reporter
from phitune_gui.engine.tokenizer import load_tokenizer

MERGED_PRECISIONS = ("float32", "bfloat16", "float16")
PROMPT_TOKENS = 32


def run_verify(job: VerifyJob, reporter: Reporter) -> JobFinished:
    """Measure the export again, write its report again. Raises CannotStart when it cannot be read at all."""
    folder = Path(job.export)
    manifest = read_manifest(folder)
    require_consistent(folder, manifest)
    reporter.emit(StageBegan(stage="verifying", detail=manifest.target))
    damaged = damaged_files(folder, manifest)
    if not manifest.files and manifest.kind != "adapter":
        damaged = (f"the {EXPORT_MANIFEST} lists no files, so none can be known to be as it was exported",)
    if manifest.kind == "adapter":
        return _only_files(folder, manifest, damaged, reporter)
    report = measure(folder, manifest, load_reference(folder / REFERENCE_FILE), damaged)
    report = report.model_copy(update={"tried": manifest.report.tried if manifest.report else ()})
    write_manifest(folder, manifest.model_copy(update={"report": report}))
    reporter.emit(Verified(path=str(folder), report=report))
    return JobFinished(results={"path": str(folder), "verified": report.verified, "report": report.model_dump(mode="json")})


def _only_files(folder: Path, manifest: ExportManifest, damaged: tuple[str, ...], reporter: Reporter) -> JobFinished:
    """An adapter is the trained weights themselves: all that can be said is whether its files are still those."""
    found = damaged if manifest.files else None
    reporter.emit(FilesCompared(target=manifest.target, path=str(folder), bytes=manifest.bytes, damaged=found))
    return JobFinished(results={"path": str(folder), "verified": False if damaged else None, "report": None, "damaged": list(damaged)})


def measure(folder: Path, manifest: ExportManifest, reference: Reference, faults: tuple[str, ...] = ()) -> ParityReport:
    """The report of the ONNX or merged model in `folder` against `reference`."""
    require_consistent(folder, manifest)
    return (_measure_onnx if manifest.kind == "onnx" else _measure_merged)(folder, manifest, reference, faults)


def require_consistent(folder: Path, manifest: ExportManifest) -> None:
    """CannotStart when a manifest contradicts the catalog or what lies beside it: another target's bar would be another check."""
    try:
        target = export_target(manifest.target)
    except KeyError as error:
        raise _contradiction(folder, f"'{manifest.target}' is no export target") from error
    precisions = MERGED_PRECISIONS if target.kind == "merged" else (target.precision,)
    if manifest.kind != target.kind:
        raise _contradiction(folder, f"an export as {target.id} is not of the kind '{manifest.kind}'")
    if target.kind != "adapter" and manifest.precision not in precisions:
        raise _contradiction(folder, f"an export as {target.id} does not have the precision '{manifest.precision}'")
    if target.kind != "adapter" and not manifest.stop_ids:
        raise _contradiction(folder, "it names no token that ends an answer")
    if target.kind != "onnx" and (folder / "genai_config.json").is_file():
        raise _contradiction(folder, "what lies there is an ONNX model")


def _contradiction(folder: Path, why: str) -> CannotStart:
    return CannotStart(str(folder), f"The {EXPORT_MANIFEST} in {folder} is wrong: {why}.", "Export the run again.")


def _measure_onnx(folder: Path, manifest: ExportManifest, reference: Reference, faults: tuple[str, ...]) -> ParityReport:
    began = time.perf_counter()
    model = onnx_runtime.open_model(folder)
    loaded = time.perf_counter() - began
    try:
        figures = compare(reference, lambda ids: onnx_runtime.prompt_logits(model, ids))
        decoded = compare_answers(answers_of(reference), lambda prompt, most: onnx_runtime.speak(model, prompt, most))
        speed = measure_speed(model, reference.ids[: min(PROMPT_TOKENS, int(reference.lengths[0]))], loaded)
    except RuntimeError as error:
        raise CannotStart(str(folder), f"The export in {folder} cannot be run: {error}", "Export the run again.") from error
    drift = _drift(reference, folder, lambda texts: onnx_runtime.encode(model, texts))
    stops = set(manifest.stop_ids[:1]) <= stop_ids_of(folder)
    known = Circumstances(manifest.target, manifest.precision, folder_bytes(folder), faults, drift, stops, decoded)
    return build_report(_bar(manifest, figures), reference, figures, speed, known)


def _bar(manifest: ExportManifest, figures: Figures) -> Bar:
    """The target's bar. Rounding to 16 bits moves two logits towards each other by up to twice what it moved one of them before."""
    bar = export_target(manifest.target).bar or Bar()
    if manifest.precision not in ("bfloat16", "float16") or bar.max_decode_gap is None:
        return bar
    return bar.model_copy(update={"max_decode_gap": max(bar.max_decode_gap, 2 * figures.max_logit_difference)})


def _drift(reference: Reference, folder: Path, others: Callable[[list[str]], list[list[int]]]) -> float:
    """How far the export's tokenizers leave the ids of training; one that cannot be read gives none of them."""
    try:
        return tokenizer_drift(reference, folder, others)
    except Exception:  # noqa: BLE001  the tokenizers library says by a bare Exception that it cannot read its file
        return 1.0


def _measure_merged(folder: Path, manifest: ExportManifest, reference: Reference, faults: tuple[str, ...]) -> ParityReport:
    began = time.perf_counter()
    tokenizer = load_tokenizer(folder)
    model = load_base(manifest.base_model.model_copy(update={"path": str(folder)}), getattr(torch, manifest.precision)).eval()
    loaded = time.perf_counter() - began

    def logits_of(ids: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(ids.astype(np.int64))[None]).logits[0].float().numpy()

    figures = compare(reference, logits_of)
    decoded = compare_answers(answers_of(reference), lambda prompt, most: speak(model, prompt, most))
    drift = _drift(reference, folder, lambda texts: [tokenizer.encode(text, add_special_tokens=False) for text in texts])
    stops = set(manifest.stop_ids[:1]) <= set(model.generation_config.eos_token_id)
    known = Circumstances(manifest.target, manifest.precision, folder_bytes(folder), faults, drift, stops, decoded)
    return build_report(_bar(manifest, figures), reference, figures, Speed(loaded), known)
