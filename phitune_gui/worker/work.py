"""One job, from its file to its last event: lock, life signs, engine, ending."""

import faulthandler
import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from phitune_gui.core import events as e
from phitune_gui.core import names
from phitune_gui.core.job import (
    CalibrateJob,
    ChatJob,
    ExportJob,
    ImportJob,
    Job,
    JoinJob,
    ProbeJob,
    Request,
    StarterJob,
    TrainJob,
    VerifyJob,
    job_from_json,
)
from phitune_gui.core.recipe import LauncherSection
from phitune_gui.core.run import Run, apply_all
from phitune_gui.files.atomic import sweep
from phitune_gui.files.lock import Lock
from phitune_gui.files.regular import read_regular
from phitune_gui.jobs.worker_file import write_worker_file
from phitune_gui.store.checkpoints import checkpoint_steps
from phitune_gui.store.run_index import register_run
from phitune_gui.store.runs import fill_run_folder, read_events
from phitune_gui.worker.company import Lost, company, follow_parent
from phitune_gui.worker.joining import join_training
from phitune_gui.worker.lessons import keep_measured, learn_from
from phitune_gui.worker.reporter import FolderReporter


class _Silent:
    """The reporter of a process that is not the first: the first one speaks and listens for all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def emit(self, _event: e.Event) -> None:
        """Nothing."""

    def poll(self) -> list[Request]:
        """Nothing: the first process tells what was asked."""
        return []


def work_beside(folder: Path) -> int:
    """Train as one of the other processes; the first one holds the folder and says how it ended."""
    faulthandler.enable()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow_parent()
    job = _read_job(folder)
    if not isinstance(job, TrainJob):
        return names.EXIT_CANNOT_START
    from phitune_gui.engine.train import run_training

    run_training(job, _Silent(folder))
    return names.EXIT_DONE


def work(folder: Path) -> int:
    """Do the job that `folder` holds and return the exit code; whatever happens, one last event is written."""
    lock = Lock(folder / names.LOCK_FILE)
    if not lock.acquire():
        sys.stderr.write("Another worker holds this folder.\n")
        return names.EXIT_CANNOT_START
    try:
        job = _read_job(folder)
        return names.EXIT_CANNOT_START if job is None else _work(folder, job)
    finally:
        lock.release()


def _work(folder: Path, job: Job) -> int:
    faulthandler.enable()
    _be_polite(job)
    write_worker_file(folder)
    for inner in (folder, folder / names.CHECKPOINTS_FOLDER):
        sweep(inner)
    earlier = apply_all(Run(), read_events(folder))
    reporter = FolderReporter(folder, job)
    _listen_to_signals(reporter)
    reporter.begin(earlier, job.from_step if isinstance(job, TrainJob) else 0)
    ending: e.Event
    lost = partial(_end_without, reporter, folder)
    try:
        with company(folder, job.recipe.launcher if isinstance(job, TrainJob) else LauncherSection(), lost):
            ending = join_training(job, reporter, lost) if isinstance(job, JoinJob) else _do(job, reporter)
    except Lost as loss:
        ending = _lost(str(loss), folder)
    except Exception as error:  # noqa: BLE001  the one place where every failure becomes an event
        ending = _explain(error, folder)
    reporter.emit(ending)
    if isinstance(job, TrainJob):
        learn_from(job, apply_all(Run(), read_events(folder)))
    return names.EXIT_FAILED if isinstance(ending, e.JobFailed) else names.EXIT_DONE


def _end_without(reporter: FolderReporter, folder: Path, what: str) -> None:
    """The engine waits for a process that is gone and will not return."""
    reporter.emit(_lost(what, folder))
    os._exit(names.EXIT_FAILED)


def _lost(what: str, folder: Path) -> e.JobFailed:
    kept = max(checkpoint_steps(folder), default=None)
    safe = "No checkpoint had been saved yet." if kept is None else f"The checkpoint of step {kept} is safe; resume from it."
    return e.JobFailed(kind="crashed", message=what, hint=f"The log holds the details. {safe}")


def _read_job(folder: Path) -> Job | None:
    try:
        job = job_from_json(read_regular(folder / names.JOB_FILE))
    except (OSError, ValidationError) as error:
        sys.stderr.write(f"The job of this folder cannot be read: {error}\n")
        return None
    if job.protocol != names.PROTOCOL:
        sys.stderr.write(f"The job speaks protocol {job.protocol}, this worker {names.PROTOCOL}.\n")
        return None
    return job


def _do(job: Job, reporter: FolderReporter) -> e.Event:
    """Hand the job to its part of the engine; imported only here, because one job needs one part and imports take seconds."""
    match job:
        case TrainJob():
            from phitune_gui.engine.train import run_training

            return run_training(job, reporter)
        case ExportJob():
            from phitune_gui.engine.export import run_export

            return run_export(job, reporter)
        case VerifyJob():
            from phitune_gui.engine.verify import run_verify

            return run_verify(job, reporter)
        case ChatJob():
            from phitune_gui.engine.chat import run_chat

            return run_chat(job, reporter)
        case ImportJob():
            return _import(job, reporter)
    return _do_for_machine(job, reporter)


def _do_for_machine(job: Job, reporter: FolderReporter) -> e.Event:
    """The jobs that are about this machine and no run."""
    match job:
        case StarterJob():
            from phitune_gui.engine.starter import run_starter

            return run_starter(job, reporter)
        case ProbeJob():
            from phitune_gui.engine.probe import run_probe

            return run_probe(job, reporter)
        case CalibrateJob():
            from phitune_gui.engine.calibrate import run_calibration

            return keep_measured(run_calibration(job, reporter))
    raise TypeError(f"no part of the engine does {job.job}")


def _import(job: ImportJob, reporter: FolderReporter) -> e.Event:
    from phitune_gui.engine.adapter_import import run_import

    ending = run_import(job, reporter, fill_run_folder)
    if ending.results.get("run"):
        register_run(Path(job.out), time.time())
    return ending


def _explain(error: Exception, folder: Path) -> e.JobFailed:
    from phitune_gui.engine.failures import explain

    return explain(error, folder)


def _be_polite(job: Job) -> None:
    with suppress(OSError, AttributeError):
        os.nice(job.niceness)
    if sys.platform == "linux":
        # When memory runs out the kernel takes the worker, not the window or the person's other programs.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", "ascii")


def _listen_to_signals(reporter: FolderReporter) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        reporter.ask_to_stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
