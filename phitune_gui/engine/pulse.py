"""Life signs between machines that train together, because a machine that loses its power says nothing by itself."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from phitune_gui.core.names import EXIT_FAILED
from phitune_gui.engine.failures import ExchangeBroken, explain
from phitune_gui.engine.meeting import MACHINE, Meeting
from phitune_gui.engine.reporting import Reporter

BEAT_SECONDS = 2.0
SILENCE_SECONDS = 60.0
"""After this long without a sign a machine counts as gone."""


class Pulse:
    """Says that this machine lives, and hears of the others."""

    def __init__(self, machines: int, silence: float = SILENCE_SECONDS) -> None:
        self._own = int(os.environ.get(MACHINE, "1"))
        # The first machine hears everybody; the others only it, which ends for all when one is gone.
        others = range(2, machines + 1) if self._own == 1 else [1]
        now = time.monotonic()
        self._heard = dict.fromkeys(others, (-1, now))
        self._silence = silence
        self._beats = 0

    def beat(self, meeting: Meeting | None) -> int | None:
        """One exchange; the number of a machine that was silent for too long. The meeting's holder may be gone."""
        self._beats += 1
        try:
            if meeting is not None:
                meeting.say(f"alive-{self._own}", self._beats)
                self._hear(meeting)
        except RuntimeError:
            pass
        now = time.monotonic()
        return next((machine for machine, (_beat, at) in self._heard.items() if now - at > self._silence), None)

    def _hear(self, meeting: Meeting) -> None:
        for machine, (before, _at) in list(self._heard.items()):
            beat = meeting.heard(f"alive-{machine}")
            if isinstance(beat, int) and beat != before:
                self._heard[machine] = (beat, time.monotonic())


def silence_of(machine: int) -> str:
    """What happened, in a sentence."""
    who = "The first machine" if machine == 1 else f"Machine {machine}"
    return f"{who} has not been heard from for {SILENCE_SECONDS:.0f} seconds, so the training cannot go on."


@contextmanager
def pulse(machines: int, reporter: Reporter) -> Iterator[None]:
    """Beat every two seconds for the length of the block; a machine that falls silent ends this process with a JobFailed.

    With one machine nothing is done, and the other processes of a machine leave it to its first.
    """
    done = threading.Event()
    if machines > 1 and os.environ.get("LOCAL_RANK", "0") == "0":
        threading.Thread(target=_keep_beating, args=(Pulse(machines), done, reporter), name="phitune-pulse", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _keep_beating(own: Pulse, done: threading.Event, reporter: Reporter) -> None:
    meeting = Meeting.of_environment()  # a connection of its own, so that no other question delays a beat
    while not done.wait(BEAT_SECONDS):
        gone = own.beat(meeting)
        if gone is not None and not done.is_set():
            # The engine waits for an exchange that will never come, so nobody else can end this process.
            reporter.emit(explain(ExchangeBroken(silence_of(gone)), reporter.folder))
            os._exit(EXIT_FAILED)
