"""How the machines of one training find each other: at the address that the person names, with a key, by JSON alone."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

import psutil
from torch import distributed

from phitune_gui.core.address import Address, read_address
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.reporting import Reporter, raise_when_stopped

MACHINE, PLACE, KEY = "PHITUNE_MACHINE", "PHITUNE_PLACE", "PHITUNE_KEY"
"""Names in the environment: this machine's number from 1, where the machines meet, and what each of them must know."""
_ANSWER = timedelta(seconds=30)
_LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 3600.0
"""How long the machines wait for each other."""
ENDED_THERE = "The first machine ended the run."


class Meeting:
    """A small dictionary that all machines share; the first one holds it. Every method may be called from one thread only."""

    def __init__(self, store: distributed.Store, key: str) -> None:
        self._store = distributed.PrefixStore(key, store)
        self._holder = store

    @classmethod
    def hold(cls, place: Address, key: str) -> Self:
        """Begin to listen, at this one address only. Raises CannotStart when that is not possible here."""
        listener = _listen(place)
        # torch would listen on every address of this machine, so it is given a socket that is bound already.
        store = distributed.TCPStore(
            place.host, place.port, None, True, _ANSWER, wait_for_workers=False, master_listen_fd=listener.detach()
        )  # fmt: skip
        return cls(store, key)

    @classmethod
    def visit(cls, place: Address, key: str) -> Self | None:
        """The meeting that is held there; None while nobody does."""
        try:
            with socket.create_connection((place.host, place.port), timeout=3):
                pass
            return cls(distributed.TCPStore(place.host, place.port, None, False, _ANSWER, wait_for_workers=False), key)
        except (OSError, RuntimeError):
            return None

    @classmethod
    def of_environment(cls) -> Self | None:
        """A further connection to the meeting that the environment speaks of; None when it speaks of none."""
        return cls.visit(read_address(os.environ[PLACE]), os.environ[KEY]) if os.environ.get(PLACE) else None

    @property
    def store(self) -> distributed.Store:
        """Where torch lets the processes find each other."""
        return distributed.PrefixStore("ranks", self._store)

    def say(self, name: str, thing: Any) -> None:
        """Write an entry for all to read; RuntimeError when the holder is gone."""
        self._store.set(name, json.dumps(thing))

    def heard(self, name: str) -> Any | None:
        """The entry, if somebody wrote it, and an empty text for one that is no JSON; RuntimeError when the holder is gone."""
        if not self._store.check([name]):
            return None
        try:
            return json.loads(self._store.get(name))
        except ValueError:
            return ""

    def forget(self, name: str) -> None:
        """Remove an entry."""
        self._store.delete_key(name)


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


def _listen(place: Address) -> socket.socket:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        raise _cannot_listen(place, error) from error
    return listener


def _cannot_listen(place: Address, error: OSError) -> CannotStart:
    own = sorted({each.address for addresses in psutil.net_if_addrs().values() for each in addresses if each.family == socket.AF_INET})
    if place.host in own:
        what, fix = f"Port {place.port} of {place.host} is taken or not allowed", "Choose another port."
    else:
        what, fix = f"{place.host} is no address of this machine", f"Its addresses are {', '.join(own)}."
    return CannotStart("launcher.rendezvous", f"{what} ({(error.strerror or 'refused').lower()}).", fix)
