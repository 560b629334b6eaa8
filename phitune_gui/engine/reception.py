"""Where a run's other machines come in: listens at one address only, and answers nobody who has not proved the key."""

import json
import socket
import threading
import time
from contextlib import ExitStack, suppress

import psutil

from phitune_gui.core.address import Address
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.board import Board
from phitune_gui.engine.proof import WrongKey, demand_proof, hang_up

STRANGERS = 16
"""Connections without a proof that are kept at a time; one more makes the oldest leave, so that whoever knows the key gets through."""
_LOOK_SECONDS = 0.3


class Reception:
    """Threads that take in whoever proves the key, and answer from the board until they hang up."""

    def __init__(self, place: Address, key: str, board: Board) -> None:
        """Begin to listen. Raises CannotStart when that is not possible here."""
        self._listener, self._key, self._board = _listen(place), key.encode(), board
        self._strangers: list[socket.socket] = []
        self._guests: list[socket.socket] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._take_in, name="phitune-reception", daemon=True).start()

    def close(self) -> None:
        """Hang up on everybody and listen no more."""
        self._closed.set()
        with self._lock:
            for connection in (*self._strangers, *self._guests):
                hang_up(connection)

    def _take_in(self) -> None:
        self._listener.settimeout(_LOOK_SECONDS)
        with self._listener:
            while not self._closed.is_set():
                try:
                    connection, _address = self._listener.accept()
                except TimeoutError:
                    continue
                except OSError:  # the caller hung up at once, or this process has too many files open
                    time.sleep(_LOOK_SECONDS)
                    continue
                with self._lock:
                    self._strangers.append(connection)
                    if len(self._strangers) > STRANGERS:
                        hang_up(self._strangers.pop(0))
                threading.Thread(target=self._receive, args=(connection,), name="phitune-guest", daemon=True).start()

    def _receive(self, connection: socket.socket) -> None:
        try:
            line = demand_proof(connection, self._key)
            with self._lock:
                self._strangers.remove(connection)
                self._guests.append(connection)
            while not self._closed.is_set():
                line.send(json.dumps(self._board.answer(json.loads(line.receive()))).encode())
        except (OSError, ValueError, RecursionError, WrongKey):
            pass  # noise, a stranger, or the end of a conversation; none of them is anybody else's business
        finally:
            with self._lock:
                for known in (self._strangers, self._guests):
                    with suppress(ValueError):
                        known.remove(connection)
            hang_up(connection)


def _listen(place: Address) -> socket.socket:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as on_failure:
            listener = on_failure.enter_context(socket.socket(family, kind, protocol))
            with suppress(OSError):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
            on_failure.pop_all()
            return listener
    except OSError as error:
        raise _cannot_listen(place, error) from error


def _cannot_listen(place: Address, error: OSError) -> CannotStart:
    own = sorted({each.address for addresses in psutil.net_if_addrs().values() for each in addresses if each.family == socket.AF_INET})
    if place.host in own:
        what, fix = f"Port {place.port} of {place.host} is taken or not allowed", "Choose another port."
    else:
        what, fix = f"{place.host} is no address of this machine", f"Its addresses are {', '.join(own)}."
    return CannotStart("launcher.rendezvous", f"{what} ({(error.strerror or 'refused').lower()}).", fix)
