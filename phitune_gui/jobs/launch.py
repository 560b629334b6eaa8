"""From a plan to a working process: the folder is made, the job written, the worker started."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phitune_gui.core import names
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import Job, StarterJob, TrainJob, job_to_json
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.files.atomic import write_text
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.jobs.worker_file import worker_lives
from phitune_gui.store.paths import jobs_folder, private_folder
from phitune_gui.store.runs import create_run_folder

KEPT_JOB_FOLDERS_SECONDS = 7 * 24 * 3600


def start_training(recipe: Recipe, plan: Plan, model: BaseModel, parent: Path | None = None, niceness: int = 0) -> Supervisor:
    """Make a run folder under `parent` (default: the runs folder) and train in it. Raises CannotStart; then nothing is left."""
    blocking = next((problem for problem in plan.problems if problem.severity == "problem"), None)
    if blocking:
        raise CannotStart(blocking.where, blocking.what, blocking.how_to_fix)
    folder = create_run_folder(recipe, plan, model.name, parent)
    job = TrainJob(recipe=recipe, plan=plan, base_model=model, niceness=niceness)
    with _nothing_left(folder):
        return _start(job, folder)


def start_job(job: Job) -> Supervisor:
    """Start any other job in a folder of its own under the cache; those a week old are removed. Raises CannotStart as above."""
    parent = private_folder(jobs_folder())
    _remove_old(parent)
    folder = parent / f"{job.job}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    with _nothing_left(folder):
        folder.mkdir(mode=0o700)
        return _start(job.model_copy(update={"parent_pid": job.parent_pid or os.getpid()}), folder)


@contextmanager
def _nothing_left(folder: Path) -> Iterator[None]:
    """Remove a new job's folder when its worker could not be started; what the system refused becomes CannotStart."""
    try:
        yield
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        why = (error.strerror or "the system refused").lower()
        raise CannotStart(
            str(folder), f"The work could not be started in {folder}: {why}.", "Free some space, or choose another folder."
        ) from error


def start_again(job: TrainJob, folder: Path) -> Supervisor:
    """Start another attempt of a run in its own folder."""
    return _start(job, folder)


def _start(job: Job, folder: Path) -> Supervisor:
    if worker_lives(folder):
        raise CannotStart(str(folder), f"A worker is at work on {folder.name} already.", "Wait until it has ended, or stop it first.")
    control = folder / names.CONTROL_FILE
    job = job.model_copy(update={"control_from": control.stat().st_size if control.exists() else 0})
    write_text(folder / names.JOB_FILE, job_to_json(job) + "\n")
    supervisor = Supervisor(folder)
    supervisor.start(fetches=isinstance(job, StarterJob))
    return supervisor


def _remove_old(parent: Path) -> None:
    limit = time.time() - KEPT_JOB_FOLDERS_SECONDS
    for folder in parent.iterdir():
        if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < limit and not worker_lives(folder):
            shutil.rmtree(folder, ignore_errors=True)
