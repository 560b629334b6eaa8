"""Watching a job from the command line: its progress in words, Ctrl-C once saves and stops, twice kills."""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rich.progress import Progress

from phitune_gui.cli.bars import new_bar
from phitune_gui.cli.interrupts import counted_interrupts
from phitune_gui.cli.output import WORDS, JobEndedBadly, say
from phitune_gui.core import events as e
from phitune_gui.core.run import Run
from phitune_gui.jobs.control import send
from phitune_gui.jobs.supervisor import POLL_SECONDS, Supervisor

STAGES = {
    "starting": "Starting", "waiting": "Waiting for", "fetching": "Fetching", "loading": "Loading the model",
    "tokenizing": "Reading the data", "training": "Training", "evaluating": "Validating", "saving": "Saving", "merging": "Merging",
    "building": "Building ONNX", "verifying": "Checking", "ready": "Ready",
}  # fmt: skip


class Interrupted(Exception):
    """The person pressed Ctrl-C and the job has ended since; carries the run as it ended."""

    def __init__(self, run: Run) -> None:
        super().__init__("interrupted")
        self.run = run


def start_and_follow(start: Callable[[], Supervisor], quiet: bool = False, about: Path | None = None) -> Run:
    """Like `follow`, of a job that `start` starts: a Ctrl-C between its start and the watching stops it too, and leaves no worker."""
    with counted_interrupts():
        return follow(start(), quiet, about)


def follow(supervisor: Supervisor, quiet: bool = False, about: Path | None = None) -> Run:
    """Watch the job to its end and return its run. Raises JobEndedBadly when it failed, Interrupted after Ctrl-C.

    `about` is what a failure is said to be about; without it the job's own folder, which tells people nothing when it is a cache's.
    """
    show = _quietly if quiet else _Words(supervisor).show
    with counted_interrupts() as interrupts, _bar(quiet) as bar:
        obeyed = 0
        while not (supervisor.ended and not supervisor.alive):
            if interrupts.count > obeyed:
                obeyed += 1
                _obey(supervisor, obeyed)
            batch = supervisor.read()
            show(batch)
            _advance(bar, supervisor.run)
            if not batch:
                time.sleep(POLL_SECONDS)
    run = supervisor.run
    if interrupts.count:
        raise Interrupted(run)
    if run.failure:
        raise JobEndedBadly(str(about or supervisor.folder), run.failure)
    return run


def _obey(supervisor: Supervisor, interrupt: int) -> None:
    """Do what the person's Ctrl-C of this number means; it is never too late for the next one."""
    if interrupt == 1:
        how = "Stopping after this step and saving" if supervisor.run.step else "Stopping"
        say(f"{how}; press Ctrl-C again to stop at once.", "yellow")
        try:
            send(supervisor.folder, "stop")
        except OSError as error:
            why = (error.strerror or "the system refused").lower()
            say(f"The job could not be asked to stop: {why}. Press Ctrl-C again to stop it at once.", "bold red")
    elif interrupt == 2:
        supervisor.kill("by Ctrl-C")
    else:
        # The kill did not help, so at least the person gets away.
        raise KeyboardInterrupt


def _quietly(_batch: Iterable[e.Event]) -> None:
    return


class _Words:
    """Says what matters of each event once."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._said_at = 0.0
        self._stage_said = ("", "")
        self._say: dict[type, Callable[..., None]] = {
            e.StageBegan: self._stage, e.TrainingBegan: self._training, e.Evaluated: self._evaluated, e.StepLogged: self._step,
            e.Warned: self._warned, e.CheckpointSaved: self._saved, e.Exported: self._exported,
        }  # fmt: skip

    def show(self, batch: Iterable[e.Event]) -> None:
        for event in batch:
            if type(event) in self._say:
                self._say[type(event)](event)

    def _stage(self, event: e.StageBegan) -> None:
        if event.stage not in ("ready", "evaluating") and (event.stage, event.detail) != self._stage_said:
            self._stage_said = (event.stage, event.detail)
            say(STAGES[event.stage] + (f": {event.detail}" if event.detail else ""))

    def _training(self, event: e.TrainingBegan) -> None:
        percent = 100 * event.trainable_parameters / event.total_parameters
        say(
            f"{event.total_steps} steps over {event.train_rows} rows; {event.trainable_parameters:,} parameters learn, "
            f"{percent:.3f} % of the base model's {event.total_parameters:,}, {event.dtype} on {event.device}."
        )

    def _evaluated(self, event: e.Evaluated) -> None:
        say(f"  validation loss after step {event.step}: {event.loss:.4f}", "cyan")

    def _step(self, event: e.StepLogged) -> None:
        total = self._supervisor.run.total_steps
        if event.step in (1, total) or time.monotonic() - self._said_at > 10:
            self._said_at = time.monotonic()
            say(f"  step {event.step} of {total}: loss {event.loss:.4f}")

    def _warned(self, event: e.Warned) -> None:
        say(event.message, "yellow")

    def _saved(self, event: e.CheckpointSaved) -> None:
        say(f"  checkpoint of step {event.step} saved")

    def _exported(self, event: e.Exported) -> None:
        say(f"  {event.target} written: {event.bytes / 1e6:.0f} MB")


def _bar(quiet: bool) -> AbstractContextManager[Progress | None]:
    if quiet or not WORDS.is_terminal:
        return nullcontext(None)
    return new_bar()


def _advance(bar: Progress | None, run: Run) -> None:
    if bar is None:
        return
    task = bar.task_ids[0]
    words = STAGES.get(run.stage, run.stage)
    if run.stage == "training" and run.total_steps:
        bar.update(task, description=words, completed=run.step, total=run.total_steps)
    else:
        bar.update(task, description=words, completed=run.done, total=run.total or None)
