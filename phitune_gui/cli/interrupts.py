"""Ctrl-C as a number that is looked at, instead of an exception that may land anywhere, also where the last one is being handled."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """How often Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.count = 0

    def heard(self, _number: int, _frame: FrameType | None) -> None:
        """The signal handler: only counts."""
        self.count += 1


@contextmanager
def counted_interrupts() -> Iterator[Interrupts]:
    """Count Ctrl-C for the length of the block; where it was ignored (`nohup`, a script's background job) it stays ignored.

    A block within another one goes on with the outer count: a job's start and its watching are one block for the person.
    """
    before = signal.getsignal(signal.SIGINT)
    outer = getattr(before, "__self__", None)
    if isinstance(outer, Interrupts):
        yield outer
        return
    interrupts = Interrupts()
    if before in (signal.SIG_IGN, None) or threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    signal.signal(signal.SIGINT, interrupts.heard)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
