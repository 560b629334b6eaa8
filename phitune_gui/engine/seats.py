"""Who of a run's machines is here while the others are waited for: admitted or turned away, still heard of, and lost again."""

import os
import time
from contextlib import suppress

from phitune_gui.core.events import Warned
from phitune_gui.engine.greeting import differences
from phitune_gui.engine.meeting import MACHINE, Meeting
from phitune_gui.engine.reporting import Reporter

SILENT_SECONDS = 30.0
"""A machine that was admitted and is not heard of for so long may have lost its power."""


class Seats:
    """Who was admitted, and when each was last heard of while the others are waited for."""

    def __init__(self, patience: float = SILENT_SECONDS) -> None:
        self._patience = patience
        self._heard: dict[int, tuple[object, float]] = {}

    def take(self, machines: list[int]) -> None:
        """These are here from now on."""
        self._heard.update({machine: (None, time.monotonic()) for machine in machines})

    def silent(self, meeting: Meeting) -> list[int]:
        """Machines that have not been heard of for too long; they no longer count as here."""
        now = time.monotonic()
        for machine, (before, _at) in list(self._heard.items()):
            beat = meeting.heard(f"waits-{machine}")
            if beat != before:
                self._heard[machine] = (beat, now)
        gone = [machine for machine, (_beat, at) in self._heard.items() if now - at > self._patience]
        for machine in gone:
            del self._heard[machine]
        return gone


def keep_seat(meeting: Meeting, left: float) -> None:
    """Say that this machine waits; whether the first one still does shows when it is asked for the sign to begin."""
    with suppress(RuntimeError):
        meeting.say(f"waits-{os.environ.get(MACHINE, '1')}", round(left, 1))


def admit(meeting: Meeting, machine: int, mine: dict[str, str], reporter: Reporter) -> bool:
    """Whether the machine is here and fits; one that does not is told why and may come again."""
    theirs = meeting.heard(f"here-{machine}")
    if theirs is None:
        return False
    wrong = differences(mine, theirs)
    meeting.say(f"answer-{machine}", {"to": theirs.get("id") if isinstance(theirs, dict) else None, "no": wrong})
    if wrong:
        reporter.emit(Warned(message=f"Machine {machine} was turned away. {wrong}"))
        meeting.forget(f"here-{machine}")
    return not wrong


def free(meeting: Meeting, machine: int, reporter: Reporter) -> None:
    """Let another one come as this machine, which was lost."""
    reporter.emit(
        Warned(message=f"Machine {machine} was there and has not been heard of for {SILENT_SECONDS:.0f} seconds; it may join again.")
    )
    for name in (f"here-{machine}", f"answer-{machine}"):
        meeting.forget(name)
