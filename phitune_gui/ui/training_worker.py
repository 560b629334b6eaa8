"""A background thread that starts or attaches to a training's worker process and hands its events over in batches."""

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, QThread, Signal

from phitune_gui.core.problem import CannotStart
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
        """The thread: never touches a widget, only emits."""
        try:
            supervisor = self._supervisor = self._begin()
        except CannotStart as refusal:
            self.refused.emit(refusal.problem)
            return
        self.begun.emit(supervisor.folder)
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
