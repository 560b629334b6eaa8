"""A machine that is silent for too long is named; one that beats, or whose holder is only slow, is not."""

import time
from typing import Any

import pytest

from phitune_gui.engine.meeting import MACHINE
from phitune_gui.engine.pulse import Pulse, silence_of

pytestmark = pytest.mark.engine


class Board:
    """A meeting without a network; `broken` is one whose holder is gone."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.broken = False

    def say(self, name: str, thing: Any) -> None:
        if self.broken:
            raise RuntimeError("Connection reset by peer")
        self.entries[name] = thing

    def heard(self, name: str) -> Any:
        return self.entries.get(name)


def pulses(monkeypatch: pytest.MonkeyPatch, machines: int, silence: float) -> list[Pulse]:
    made = []
    for machine in range(1, machines + 1):
        monkeypatch.setenv(MACHINE, str(machine))
        made.append(Pulse(machines, silence))
    return made


def test_who_beats_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    board, all_of_them = Board(), pulses(monkeypatch, 3, silence=0.05)

    for _round in range(5):
        assert [pulse.beat(board) for pulse in all_of_them[1:]] == [None, None]
        assert all_of_them[0].beat(board) is None
        time.sleep(0.02)


def test_the_first_machine_names_the_silent_one_and_the_others_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    board, (first, second, third) = Board(), pulses(monkeypatch, 3, silence=0.05)
    for pulse in (second, third, first):
        pulse.beat(board)

    time.sleep(0.06)
    second.beat(board)

    assert first.beat(board) == 3
    board.broken = True
    time.sleep(0.06)
    assert second.beat(board) == 1
    assert second.beat(None) == 1


def test_it_is_said_in_a_sentence() -> None:
    assert silence_of(3) == "Machine 3 has not been heard from for 60 seconds, so the training cannot go on."
    assert silence_of(1).startswith("The first machine has not been heard from")
