"""Notes in a run what was made of it, so that the run knows its exports wherever they lie."""

import time
from collections.abc import Sequence
from pathlib import Path

from phitune_gui.core.events import Event, event_to_line
from phitune_gui.core.names import EVENTS_FILE, LOCK_FILE
from phitune_gui.files.lines import LineAppender
from phitune_gui.files.lock import Lock


def note_in_run(run: Path, events: Sequence[Event]) -> bool:
    """Append `events` to the run's own; False where the run is being worked on or cannot be written to."""
    lock = Lock(run / LOCK_FILE)
    try:
        if not lock.acquire():
            return False
        try:
            _append(run / EVENTS_FILE, events)
        finally:
            lock.release()
    except OSError:
        return False
    return True


def _append(file: Path, events: Sequence[Event]) -> None:
    appender = LineAppender(file)
    try:
        for event in events:
            appender.append(event_to_line(event.model_copy(update={"at": time.time()})))
        appender.sync()
    finally:
        appender.close()
