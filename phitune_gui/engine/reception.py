"""Where a run's other machines come in: listens at one address only, and answers nobody who has not proved the key."""

import errno
import json
import socket
import threading
import time
from contextlib import ExitStack, suppress
from ipaddress import ip_address

import psutil

from phitune_gui.core.address import Address
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.board import Board
from phitune_gui.engine.proof import WrongKey, demand_proof, hang_up

STRANGERS = 16
"""Connections without a proof that are kept at a time; one more makes the oldest leave, so that whoever knows the key gets through."""
_LOOK_SECONDS = 0.3
_SHARING = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
"""On Windows SO_REUSEADDR would let a second program take the port over; elsewhere it only frees one that was used a moment ago."""


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
                self._attend(connection)

    def _attend(self, connection: socket.socket) -> None:
        try:
            threading.Thread(target=self._receive, args=(connection,), name="phitune-guest", daemon=True).start()
        except RuntimeError:  # the system has no room for one more; whoever knows the key calls again
            self._dismiss(connection)

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
            self._dismiss(connection)

    def _dismiss(self, connection: socket.socket) -> None:
        with self._lock:
            for known in (self._strangers, self._guests):
                with suppress(ValueError):
                    known.remove(connection)
        hang_up(connection)


def _listen(place: Address) -> socket.socket:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
        if _is_everywhere(address[0]):
            what = f"{place.host} stands for {address[0]}, which would listen on every network of this machine."
            raise CannotStart("launcher.rendezvous", what, "Name the one address that the other machines reach.")
        with ExitStack() as on_failure:
            listener = on_failure.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, _SHARING, 1)
            listener.bind(address)
            listener.listen()
            on_failure.pop_all()
            return listener
    except OSError as error:
        raise _cannot_listen(place, error) from error


def _is_everywhere(number: str) -> bool:
    """Whether this is the number that means every network, perhaps as IPv6 writes one of IPv4."""
    address = ip_address(number)
    return address.is_unspecified or bool(getattr(address, "ipv4_mapped", None) and address.ipv4_mapped.is_unspecified)


def _cannot_listen(place: Address, error: OSError) -> CannotStart:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        what, fix = f"Port {place.port} of {place.host} is taken or not allowed", "Choose another port."
    else:
        own = sorted({each.address for known in psutil.net_if_addrs().values() for each in known if each.family == socket.AF_INET})
        what, fix = f"{place.host} is no address of this machine", f"Its addresses are {', '.join(own)}."
    return CannotStart("launcher.rendezvous", f"{what} ({(error.strerror or 'refused').lower()}).", fix)
