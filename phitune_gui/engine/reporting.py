"""How the engine speaks to whoever started it: events go out, requests come in; the worker implements this."""

import time
from pathlib import Path
from typing import Protocol

from phitune_gui.core.events import Acknowledged, Event, Progressed
from phitune_gui.core.job import Request, StopRequest

SAY_SECONDS = 0.5


class Reporter(Protocol):
    """The worker's side of a job. `folder` is the job's folder, for training the run folder."""

    folder: Path

    def emit(self, event: Event) -> None:
        """Append one event; never blocks for long."""

    def poll(self) -> list[Request]:
        """The control requests that came since the last call; never blocks."""


class Patient:
    """A reporter for work before the first step: a stop ends it at once, what else is asked waits for whoever polls next."""

    def __init__(self, reporter: Reporter) -> None:
        self.folder, self.emit, self._poll = reporter.folder, reporter.emit, reporter.poll
        self._waiting: list[Request] = []
        self._told = 0.0

    def poll(self) -> list[Request]:
        """Requests since the last call, and those that waited."""
        waiting, self._waiting = self._waiting, []
        return [*waiting, *self._poll()]

    def tell(self, share: float, rows: int) -> None:
        """Say how far the rows are read; raises `Stopped`, acknowledged, when a stop was asked for."""
        for request in self._poll():
            if isinstance(request, StopRequest) and request.request == "stop":
                self.emit(Acknowledged(id=request.id, request=request.request))
                raise Stopped
            self._waiting.append(request)
        if rows and time.monotonic() - self._told > SAY_SECONDS:
            self._told = time.monotonic()
            self.emit(Progressed(done=rows, total=max(rows, round(rows / max(share, 1e-6))), unit="rows"))


class Stopped(Exception):
    """A stop request was seen where stopping means leaving nothing behind."""


def raise_when_stopped(reporter: Reporter) -> None:
    """Raise `Stopped`, acknowledged, when a stop, pause or kill request came; other requests mean nothing to such a job."""
    for request in reporter.poll():
        if isinstance(request, StopRequest) and request.request in ("stop", "pause", "kill"):
            reporter.emit(Acknowledged(id=request.id, request=request.request))
            raise Stopped
