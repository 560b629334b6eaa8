"""A background thread that starts or attaches to a training's worker process and hands its events over in batches."""

import threading
import time
import traceback
from collections.abc import Callable

from PySide6.QtCore import QObject, QThread, Signal

from phitune_gui.core.events import JobFailed
from phitune_gui.core.problem import CannotStart, Problem, refused_by_system
from phitune_gui.jobs.supervisor import Supervisor

BATCH_SECONDS = 0.05
"""At most twenty batches a second: redrawing more often shows nothing more."""
GOING_MS = 3000
"""A worker that wrote its last event is gone in this time."""
LARGEST_BATCH = 500
"""More events than this at once would hold the window up."""


class TrainingWorker(QThread):
    """Calls `begin` (which starts the worker process or attaches to one), then follows its events until its end.

    Asked to leave, it lets the process go on: a training outlives the window unless it is told to stop.
    """

    begun = Signal(object)
    """The run folder (Path)."""
    refused = Signal(object)
    """The Problem that kept the training from starting."""
    events_arrived = Signal(object)
    """A list of events."""
    ended = Signal()

    def __init__(self, begin: Callable[[], Supervisor], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._begin = begin
        self._leave = threading.Event()
        self._supervisor: Supervisor | None = None

    def run(self) -> None:
        """The thread: never touches a widget, only emits. Whatever happens, it ends in `refused` or `ended`."""
        try:
            supervisor = self._supervisor = self._begin()
        except CannotStart as refusal:
            self.refused.emit(refusal.problem)
            return
        except Exception as error:  # noqa: BLE001  without a word the window would wait for ever
            self.refused.emit(_refusal(error))
            return
        self.begun.emit(supervisor.folder)
        try:
            self._follow(supervisor)
        except Exception as error:  # noqa: BLE001  as above
            self.events_arrived.emit([_lost_sight(error)])
            self.ended.emit()

    def _follow(self, supervisor: Supervisor) -> None:
        while not self._leave.is_set():
            events = supervisor.read()
            for start in range(0, len(events), LARGEST_BATCH):
                self.events_arrived.emit(events[start : start + LARGEST_BATCH])
                self._leave.wait(BATCH_SECONDS)
            if not events:
                if supervisor.ended and not supervisor.alive:
                    self.ended.emit()
                    return
                self._leave.wait(BATCH_SECONDS)

    def kill(self) -> None:
        """Ends the worker process and its children at once; the thread then reports how it ended."""
        if self._supervisor is not None:
            threading.Thread(target=self._supervisor.kill, name="phitune-kill", daemon=True).start()

    def leave(self) -> None:
        """Stops following and waits for the thread; a process that is at work goes on, one that has ended is given time to go."""
        if self._supervisor is not None and self._supervisor.ended:
            self.wait(GOING_MS)
        self._leave.set()
        self.wait()


def _refusal(error: Exception) -> Problem:
    known = refused_by_system(error) if isinstance(error, OSError) else None
    what = f"The training could not be started: {_words(error)}."
    return known or Problem(where="training", what=what, how_to_fix="Try again; if it stays so, report it to PhiTune.")


def _lost_sight(error: Exception) -> JobFailed:
    return JobFailed(
        at=time.time(), kind="error", message=f"The window lost sight of the training: {_words(error)}.",
        hint="It may still go on: open it again from the list of runs. What had been saved is safe.",
        traceback="".join(traceback.format_exception(error)),
    )  # fmt: skip


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower() + (f" ({error.filename})" if error.filename else "")
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
