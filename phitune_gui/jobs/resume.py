"""Going on with a run that was stopped, paused or broken off, from its newest checkpoint that is whole."""

import shlex
import time
from pathlib import Path

from pydantic import ValidationError

from phitune_gui.core import names
from phitune_gui.core.job import TrainJob, job_from_json
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.run import NOT_BEGUN, Run
from phitune_gui.files.manifest import verify_manifest
from phitune_gui.files.regular import read_regular
from phitune_gui.jobs.history import settled_run
from phitune_gui.jobs.launch import start_again
from phitune_gui.jobs.supervisor import POLL_SECONDS, Supervisor
from phitune_gui.jobs.worker_file import worker_lives
from phitune_gui.store.checkpoints import checkpoint_steps

GOING_SECONDS = 15.0
"""A worker that wrote its last event is gone in this time, also where it has to give much memory back."""


def resume_training(folder: Path, niceness: int = 0) -> tuple[Supervisor, int]:
    """Start the next attempt in the same folder, and say from which step: those after it are trained again, to the bit.

    Raises CannotStart when the run is at work, has reached its last step, or no whole checkpoint is left.
    """
    job = next_attempt(folder, niceness)
    return start_again(job, folder), job.from_step


def next_attempt(folder: Path, niceness: int = 0) -> TrainJob:
    """The order for that attempt. Reading a large checkpoint's files takes a while. Raises CannotStart as above."""
    run = settled_run(folder).run
    refuse_unless_resumable(folder, run)
    _see_out(folder)
    job = _job(folder)
    step, checkpoint = newest_whole(folder)
    return job.model_copy(update={"from_step": step, "checkpoint": str(checkpoint.relative_to(folder)), "niceness": niceness})


def refuse_unless_resumable(folder: Path, run: Run) -> None:
    """CannotStart when there is nothing to go on with."""
    if run.imported is not None:
        command = f"phitune train {shlex.quote(str(folder / names.RECIPE_FILE))} --data FILE"
        raise CannotStart(
            str(folder), f"The run {folder.name} was imported, so there is no training to go on with.", "Train on from its adapter.",
            on_command_line=f"On the command line: {command}",
        )  # fmt: skip
    if run.state == "finished":
        raise CannotStart(
            str(folder), f"The run {folder.name} has reached its last step.", "To train longer, start a new run with more epochs."
        )
    if run.state == "queued" and not worker_lives(folder):
        raise CannotStart(str(folder), f"The run {folder.name} {NOT_BEGUN}", "Train its recipe as a new run.")
    if not run.ended:
        raise CannotStart(str(folder), f"The run {folder.name} is being trained.", "Let it finish, or stop it first.")


def _see_out(folder: Path) -> None:
    """Wait for the worker of an ended attempt: it says its last word before its process ends."""
    deadline = time.monotonic() + GOING_SECONDS
    while worker_lives(folder) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def newest_whole(folder: Path) -> tuple[int, Path]:
    """Step and folder of the newest checkpoint whose files are all as they were written. Raises CannotStart."""
    kept = checkpoint_steps(folder)
    for step in sorted(kept, reverse=True):
        if not verify_manifest(kept[step]):
            return step, kept[step]
    damaged = " Every checkpoint in it is damaged." if kept else " It has no checkpoint."
    raise CannotStart(str(folder), f"The run {folder.name} cannot go on.{damaged}", "Start a new run from its recipe.")


def _job(folder: Path) -> TrainJob:
    try:
        job = job_from_json(read_regular(folder / names.JOB_FILE))
    except (OSError, ValidationError):
        job = None
    if not isinstance(job, TrainJob):
        what = f"The order that started the run {folder.name} cannot be read."
        raise CannotStart(str(folder / names.JOB_FILE), what, "Start a new run from its recipe.")
    return job
