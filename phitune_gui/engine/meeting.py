"""How the machines of one training find each other: at the address that the person names, with a key, by JSON alone."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from phitune_gui.core.address import Address, read_address
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.board import Board
from phitune_gui.engine.proof import Line, WrongKey, hang_up, prove
from phitune_gui.engine.reception import Reception
from phitune_gui.engine.reporting import Reporter, raise_when_stopped

if TYPE_CHECKING:  # who comes to a meeting is heard before torch, which takes seconds to load
    from torch import distributed

    from phitune_gui.engine.meeting_store import MeetingStore

MACHINE, PLACE, KEY = "PHITUNE_MACHINE", "PHITUNE_PLACE", "PHITUNE_KEY"
"""Names in the environment: this machine's number from 1, where the machines meet, and what each of them must know."""
_ANSWER_SECONDS = 30.0
_LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 3600.0
"""How long the machines wait for each other."""
ENDED_THERE = "The first machine ended the run."
COPY_AGAIN = "Start the run on the first machine and copy its command again."


class MeetingGone(RuntimeError):
    """The first machine, which holds the meeting, cannot be asked any more."""


class Meeting:
    """A small dictionary that all machines share; the first one holds it. Any thread may use it."""

    def __init__(self, ask: Callable[[list[Any]], Any], close: Callable[[], None]) -> None:
        self._ask, self.close = ask, close

    @classmethod
    def hold(cls, place: Address, key: str, entries: dict[str, Any]) -> Self:
        """Begin to listen, at this one address only, with these entries. Raises CannotStart when that is not possible here."""
        board = Board({name: json.dumps(thing) for name, thing in entries.items()})
        return cls(board.answer, Reception(place, key, board).close)

    @classmethod
    def visit(cls, place: Address, key: str) -> Self | None:
        """The meeting that is held there; None while nobody does. Raises CannotStart when it is one for another key."""
        found = cls.seek(place, key)
        return None if isinstance(found, str) else found

    @classmethod
    def seek(cls, place: Address, key: str) -> Self | str:
        """Like `visit`, but where nobody holds one this is what stands in the way, in a few words."""
        try:
            connection = socket.create_connection((place.host, place.port), timeout=3)
        except OSError as error:
            return (error.strerror or str(error) or "no answer").lower()
        try:
            line = prove(connection, key.encode())
        except OSError:
            hang_up(connection)
            return "another program answers there"
        except WrongKey as error:
            hang_up(connection)
            raise CannotStart("--key", f"A run waits at {place}, but for another key.", COPY_AGAIN) from error
        return cls(_Caller(line).ask, line.close)

    @classmethod
    def of_environment(cls) -> Self | None:
        """A further connection to the meeting that the environment speaks of; None when it speaks of none."""
        return cls.visit(read_address(os.environ[PLACE]), os.environ[KEY]) if os.environ.get(PLACE) else None

    @property
    def store(self) -> "distributed.Store":
        """Where torch lets the processes find each other, as long as this meeting is kept."""
        from torch import distributed

        return distributed.PrefixStore("ranks", self._own_store)

    def say(self, name: str, thing: Any) -> None:
        """Write an entry for all to read; RuntimeError when the holder is gone."""
        self._ask(["set", name, json.dumps(thing)])

    def heard(self, name: str) -> Any | None:
        """The entry, if somebody wrote it, and an empty text for one that is no JSON; RuntimeError when the holder is gone."""
        text = self._ask(["get", name])
        try:
            return None if text is None else json.loads(text)
        except (ValueError, RecursionError):
            return ""

    def forget(self, name: str) -> None:
        """Remove an entry."""
        self._ask(["delete", name])

    @cached_property
    def _own_store(self) -> "MeetingStore":
        from phitune_gui.engine.meeting_store import MeetingStore

        return MeetingStore(self._ask)


class _Caller:
    """Asks the holder over a line, one request after another."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._lock = threading.Lock()

    def ask(self, request: list[Any]) -> Any:
        with self._lock:
            try:
                self._line.send(json.dumps(request).encode())
                return json.loads(self._line.receive(_ANSWER_SECONDS))
            except (OSError, ValueError, RecursionError) as error:
                self._line.close()  # a late answer must not be taken for that of the next request
                raise MeetingGone("The connection to the first machine broke.") from error


def looks(seconds: float, reporter: Reporter) -> Iterator[float]:
    """Seconds left, several times a second; ends when they are over. Raises Stopped when the person wants no more of it."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        raise_when_stopped(reporter)
        yield left
        time.sleep(_LOOK_SECONDS)


def heard(meeting: Meeting, name: str, gone_is: str = "") -> Any | None:
    """An entry of the meeting. When its holder is gone: CannotStart with `gone_is`, or None where nothing is to be said."""
    try:
        return meeting.heard(name)
    except RuntimeError as error:
        if gone_is:
            raise CannotStart("ADDRESS", gone_is, "Look there for the reason.") from error
        return None
