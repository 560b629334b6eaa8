"""Makes an export of a run: merge once, build, compare with the merged model, and keep what was asked for, verified or said not to be."""

import gc
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from phitune_gui.catalog.exports import AUTOMATIC, ExportTarget, export_target
from phitune_gui.catalog.exports.refusal import export_refusal
from phitune_gui.core.events import Event, Exported, JobFinished, MemoryMeasured, StageBegan, Verified, Warned
from phitune_gui.core.job import ExportJob
from phitune_gui.core.names import EXPORT_MANIFEST, REFERENCE_FILE
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.tokens import ChatTokenizer
from phitune_gui.engine.compared_rows import HELD_OUT, LEARNED, rows_to_compare
from phitune_gui.engine.export_manifest import ExportManifest, file_hashes, folder_bytes, versions, write_manifest
from phitune_gui.engine.export_texts import write_export_texts
from phitune_gui.engine.merge import generation_config, merged_model, save_model
from phitune_gui.engine.model import Tuned
from phitune_gui.engine.onnx_build import build_onnx, prepare_for_builder
from phitune_gui.engine.reference import Reference, make_reference, save_reference
from phitune_gui.engine.reporting import Reporter, Stopped, raise_when_stopped
from phitune_gui.engine.run_record import note_in_run
from phitune_gui.engine.run_source import RunSource, read_run
from phitune_gui.engine.threads import memory_now_and_peak, use_threads
from phitune_gui.engine.verify import measure
from phitune_gui.files.atomic import staged_folder, work_folder
from phitune_gui.files.manifest import MANIFEST_FILE


def run_export(job: ExportJob, reporter: Reporter) -> JobFinished:
    """Export `job.run` as `job.target` into `job.out`; a stop request ends it with nothing left behind.

    An export that misses its bar is kept all the same when it was chosen by name, and marked as not verified.
    """
    use_threads(None)
    targets = tuple(export_target(id) for id in AUTOMATIC) if job.target == "auto" else (_target(job.target),)
    source, out = read_run(Path(job.run)), Path(job.out).absolute()
    _require_replaceable(out)
    _require_possible(source, job.target)
    try:
        with work_folder(out) as work:
            manifest = _Export(source, work, out, reporter).make(targets)
    except Stopped:
        return JobFinished(stopped_early=True)
    used, peak = memory_now_and_peak()
    reporter.emit(MemoryMeasured(used_bytes=used, peak_bytes=peak))
    return _finished(source, manifest, out, reporter)


def _target(id: str) -> ExportTarget:
    try:
        return export_target(id)
    except KeyError as error:
        raise CannotStart("target", f"There is no export target '{id}'.", "Choose one from the Export page.") from error


def _require_replaceable(out: Path) -> None:
    """CannotStart when something lies at `out` that is no export: a finished export replaces the whole folder."""
    if not out.exists() or (out.is_dir() and ((out / EXPORT_MANIFEST).is_file() or not any(out.iterdir()))):
        return
    raise CannotStart(
        str(out), f"{out} exists already and is no export of PhiTune, so it is not replaced.", "Name a folder that does not exist yet."
    )


def _require_possible(source: RunSource, target: str) -> None:
    refused = export_refusal(source.job.recipe.technique.id, target)
    if refused is not None:
        raise CannotStart(refused.where, refused.what, refused.how_to_fix)


def _finished(source: RunSource, manifest: ExportManifest, out: Path, reporter: Reporter) -> JobFinished:
    report = manifest.report
    made: list[Event] = [Exported(target=manifest.target, path=str(out), bytes=manifest.bytes)]
    if report is not None:
        made.append(Verified(path=str(out), report=report))
    for event in made:
        reporter.emit(event)
    if not note_in_run(source.folder, made) and source.folder not in out.parents:
        reporter.emit(Warned(message=f"The run {source.folder.name} cannot be written to now, so it does not list this export."))
    results = {
        "path": str(out), "target": manifest.target, "bytes": manifest.bytes, "verified": report is None or report.verified,
        "report": report.model_dump(mode="json") if report else None,
    }  # fmt: skip
    return JobFinished(artifacts={"export": str(out)}, results=results)


@dataclass(slots=True)
class _Export:
    """One export being made: what from, the folder it may litter, where it goes."""

    source: RunSource
    work: Path
    out: Path
    reporter: Reporter
    stop_ids: tuple[int, ...] = ()

    def make(self, targets: tuple[ExportTarget, ...]) -> ExportManifest:
        """The manifest of what lies in `out` afterwards. Raises Stopped."""
        if targets[0].kind == "adapter":
            shutil.copytree(self.source.adapter, self.work / "adapter", ignore=shutil.ignore_patterns(MANIFEST_FILE))
            return self._commit(self.work / "adapter", self._manifest(targets[0], "as trained"))
        base = self.source.job.base_model
        self.stop_ids = ChatTokenizer.load(Path(base.path), base.chat, base.folds_system).end_ids
        self.reporter.emit(StageBegan(stage="merging", detail=base.name))
        model = merged_model(self.source)
        reference = self._reference(model)
        save_reference(reference, self.work / REFERENCE_FILE)
        self._look()
        if targets[0].kind == "merged":
            return self._merged(targets[0], model, reference)
        save_model(model, base, self.stop_ids, self.work / "merged")
        del model
        gc.collect()
        prepare_for_builder(self.work / "merged")
        return self._first_that_passes(targets, reference)

    def _merged(self, target: ExportTarget, model: Tuned, reference: Reference) -> ExportManifest:
        chosen = self.source.job.recipe.export.dtype
        name = self.source.job.base_model.dtype if chosen == "base" else chosen
        save_model(model.to(getattr(torch, name)), self.source.job.base_model, self.stop_ids, self.work / "merged")
        return self._commit(self.work / "merged", self._verified(self.work / "merged", self._manifest(target, name), reference))

    def _first_that_passes(self, targets: tuple[ExportTarget, ...], reference: Reference) -> ExportManifest:
        """Build and compare one target after the other, smallest first; the last one is kept whatever it gives."""
        tried: list[str] = []
        for target in targets:
            folder = self.work / target.id
            self.reporter.emit(StageBegan(stage="building", detail=target.label))
            build_onnx(self.work / "merged", target, self.source.job.base_model, folder)
            self._look()
            manifest = self._verified(folder, self._manifest(target, target.precision), reference)
            if _report(manifest).verified or target is targets[-1]:
                break
            tried.append(f"{target.label}: {_report(manifest).why}")
            self.reporter.emit(Warned(message=tried[-1]))
            shutil.rmtree(folder)
        report = _report(manifest).model_copy(update={"tried": tuple(tried)})
        return self._commit(folder, manifest.model_copy(update={"report": report}))

    def _verified(self, folder: Path, manifest: ExportManifest, reference: Reference) -> ExportManifest:
        self.reporter.emit(StageBegan(stage="verifying", detail=manifest.target))
        report = measure(folder, manifest, reference)
        self._look()
        return manifest.model_copy(update={"report": report})

    def _commit(self, made: Path, manifest: ExportManifest) -> ExportManifest:
        """Move what was made into `out` as a whole, with texts, reference and manifest."""
        self.reporter.emit(StageBegan(stage="saving", detail=str(self.out)))
        with staged_folder(self.out) as staging:
            for entry in made.iterdir():
                entry.rename(staging / entry.name)
            if (self.work / REFERENCE_FILE).exists():
                shutil.copyfile(self.work / REFERENCE_FILE, staging / REFERENCE_FILE)
            write_export_texts(staging, manifest)
            manifest = manifest.model_copy(update={"files": file_hashes(staging), "bytes": folder_bytes(staging)})
            write_manifest(staging, manifest)
        return manifest

    def _reference(self, model: Tuned) -> Reference:
        base = self.source.job.base_model
        rows = rows_to_compare(self.source)
        if rows.source == LEARNED:
            self.reporter.emit(Warned(message="No rows are held out, so the export is compared on rows that were learned."))
        elif rows.source != HELD_OUT:
            self.reporter.emit(Warned(message=f"The export is compared on {rows.named}: this run kept no texts of its own."))
        return make_reference(model, rows, Path(base.path), generation_config(base, self.stop_ids).eos_token_id)

    def _manifest(self, target: ExportTarget, precision: str) -> ExportManifest:
        job = self.source.job
        return ExportManifest(
            target=target.id, kind=target.kind, precision=precision, name=f"{job.recipe.name or self.source.folder.name} as {target.label}",
            created=datetime.now(UTC).isoformat(timespec="seconds"), run=str(self.source.folder), technique=job.recipe.technique.id,
            adapter_hash=self.source.adapter_hash, base_model=job.base_model, stop_ids=self.stop_ids, versions=versions(),
        )  # fmt: skip

    def _look(self) -> None:
        raise_when_stopped(self.reporter)


def _report(manifest: ExportManifest) -> ParityReport:
    assert manifest.report is not None
    return manifest.report
