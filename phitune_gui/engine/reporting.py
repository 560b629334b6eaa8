"""How the engine speaks to whoever started it: events go out, requests come in; the worker implements this."""

from pathlib import Path
from typing import Protocol

from phitune_gui.core.events import Acknowledged, Event
from phitune_gui.core.job import Request, StopRequest


class Reporter(Protocol):
    """The worker's side of a job. `folder` is the job's folder, for training the run folder."""

    folder: Path

    def emit(self, event: Event) -> None:
        """Append one event; never blocks for long."""

    def poll(self) -> list[Request]:
        """The control requests that came since the last call; never blocks."""


class Stopped(Exception):
    """A stop request was seen where stopping means leaving nothing behind."""


def raise_when_stopped(reporter: Reporter) -> None:
    """Raise `Stopped`, acknowledged, when a stop, pause or kill request came; other requests mean nothing to such a job."""
    for request in reporter.poll():
        if isinstance(request, StopRequest) and request.request in ("stop", "pause", "kill"):
            reporter.emit(Acknowledged(id=request.id, request=request.request))
            raise Stopped
