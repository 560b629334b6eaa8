"""How the two ends of a connection prove that they know one key, and how each message after that shows that it comes from there."""

import hashlib
import hmac
import secrets
import socket
import time
from contextlib import suppress

PROOF_SECONDS = 5.0
"""How long the whole proof may take, however slowly the other end sends."""
LONGEST = 1 << 24
"""Bytes of a message between those who proved the key; before that, nobody is asked for more than 64."""
_GREETING = b"PhiTune meeting 1\n"
_NONCE = 32
_TAG = hashlib.sha256().digest_size
_REFUSED = bytes(_TAG)


class WrongKey(Exception):
    """The other end does not know this key."""


class Line:
    """A connection with both ends proved; a message that was changed, repeated or put in on the way breaks it. All failures are OSError."""

    def __init__(self, connection: socket.socket, out: bytes, back: bytes) -> None:
        self._connection, self._out, self._back = connection, out, back
        self._sent = self._received = 0

    def send(self, message: bytes) -> None:
        """Send one message."""
        if len(message) > LONGEST:
            raise OSError("The message is too long.")
        self._connection.sendall(len(message).to_bytes(4, "big") + _seal(self._out, self._sent, message) + message)
        self._sent += 1

    def receive(self, seconds: float | None = None) -> bytes:
        """The next message, waited for so long, or for ever."""
        until = None if seconds is None else time.monotonic() + seconds
        length = int.from_bytes(_read(self._connection, 4, until), "big")
        if length > LONGEST:
            raise OSError("The message is too long.")
        seal, message = _read(self._connection, _TAG, until), _read(self._connection, length, until)
        if not hmac.compare_digest(seal, _seal(self._back, self._received, message)):
            raise OSError("The message was not sent by the other end.")
        self._received += 1
        return message

    def close(self) -> None:
        """Hang up."""
        hang_up(self._connection)


def demand_proof(connection: socket.socket, key: bytes) -> Line:
    """The holder's part: greet, and say nothing more before the visitor has proved the key. Raises WrongKey and OSError."""
    until = time.monotonic() + PROOF_SECONDS
    mine = secrets.token_bytes(_NONCE)
    connection.settimeout(PROOF_SECONDS)
    connection.sendall(_GREETING + mine)
    both = mine + _read(connection, _NONCE, until)
    if not hmac.compare_digest(_read(connection, _TAG, until), _mac(key, b"the visitor knows", both)):
        connection.sendall(_REFUSED)
        raise WrongKey
    connection.sendall(_mac(key, b"the holder knows", both))
    return _line(connection, key, both, holds=True)


def prove(connection: socket.socket, key: bytes) -> Line:
    """The visitor's part: prove the key, and demand the same of the holder. Raises WrongKey, and OSError for a stranger."""
    until = time.monotonic() + PROOF_SECONDS
    connection.settimeout(PROOF_SECONDS)
    if _read(connection, len(_GREETING), until) != _GREETING:
        raise OSError("Another program answers.")
    mine = secrets.token_bytes(_NONCE)
    both = _read(connection, _NONCE, until) + mine
    connection.sendall(mine + _mac(key, b"the visitor knows", both))
    if not hmac.compare_digest(_read(connection, _TAG, until), _mac(key, b"the holder knows", both)):
        raise WrongKey
    return _line(connection, key, both, holds=False)


def hang_up(connection: socket.socket) -> None:
    """Close the connection, also while another thread waits for it."""
    with suppress(OSError):  # the other end was faster
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _line(connection: socket.socket, key: bytes, both: bytes, holds: bool) -> Line:
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ways = _mac(key, b"from the holder", both), _mac(key, b"from the visitor", both)
    return Line(connection, *(ways if holds else ways[::-1]))


def _read(connection: socket.socket, many: int, until: float | None) -> bytes:
    """Exactly so many bytes."""
    got = bytearray()
    while len(got) < many:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(many - len(got))
        if not part:
            raise ConnectionResetError("The other end hung up.")
        got += part
    return bytes(got)


def _seal(key: bytes, number: int, message: bytes) -> bytes:
    """What stands before a message; nobody without the key can make it, and it fits no other place in the conversation."""
    return _mac(key, number.to_bytes(8, "big"), message)


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")
