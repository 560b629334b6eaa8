"""Whoever reaches the place where machines meet gets a greeting and nothing more, until he has proved the key."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from phitune_gui.core.address import Address, read_address
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine import proof
from phitune_gui.engine.board import Board
from phitune_gui.engine.proof import Line, WrongKey, demand_proof, prove
from phitune_gui.engine.reception import STRANGERS, Reception
from phitune_gui.jobs.network import interface_to
from tests.helpers.free_port import free_port

KEY = "5f2c"
GREETED = len(b"PhiTune meeting 1\n") + 32
"""Bytes that everybody gets: who this is, and the challenge."""
REFUSED = GREETED + 32


class Held:
    """A reception, and what it gives out."""

    def __init__(self) -> None:
        self.place = Address("127.0.0.1", free_port())
        self.board = Board({"job": "the order"})
        self.reception = Reception(self.place, KEY, self.board)
        self.calls: list[socket.socket] = []

    def call(self) -> socket.socket:
        self.calls.append(socket.create_connection(self.place, timeout=20))
        return self.calls[-1]


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.reception.close()
    for call in held.calls:
        call.close()
    assert soon(lambda: not at_work())


class Wire:
    """A connection on whose way somebody sits, who notes what the visitor sends and may change it."""

    def __init__(self, connection: socket.socket, change: Callable[[bytes], bytes] = bytes) -> None:
        self.sent, self._connection, self.change = b"", connection, change
        self.recv, self.settimeout, self.setsockopt = connection.recv, connection.settimeout, connection.setsockopt
        self.shutdown, self.close = connection.shutdown, connection.close

    def sendall(self, data: bytes) -> None:
        self.sent += data
        self._connection.sendall(self.change(data))


def ends() -> tuple[socket.socket, socket.socket]:
    """Both ends of one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = socket.create_connection(server.getsockname(), timeout=20)
        return server.accept()[0], there


def ask(line: Line, *request: Any) -> Any:
    line.send(json.dumps(request).encode())
    return json.loads(line.receive(10))


def all_that_comes(connection: socket.socket) -> bytes:
    """What the other end says until it hangs up."""
    came = b""
    with suppress(ConnectionResetError):  # it hung up on words that it had not read
        while part := connection.recv(65536):
            came += part
    return came


def at_work() -> bool:
    return any(thread.name in ("phitune-guest", "phitune-reception") for thread in threading.enumerate())


def guests() -> int:
    return sum(thread.name == "phitune-guest" for thread in threading.enumerate())


def soon(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    return what()


def test_who_knows_the_key_is_answered(held: Held) -> None:
    line = prove(held.call(), KEY.encode())

    assert ask(line, "get", "job") == "the order"
    assert ask(line, "set", "here-2", "it's me") is None
    assert held.board.answer(["get", "here-2"]) == "it's me"


@pytest.mark.parametrize("key", [b"5f2d", b"5f2", b"5f2c0", b"\0"])
def test_another_key_is_refused_at_once(held: Held, key: bytes) -> None:
    began = time.monotonic()
    with held.call() as connection, pytest.raises(WrongKey):
        prove(connection, key)

    assert time.monotonic() - began < proof.PROOF_SECONDS / 2


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.0\r\n\r\n" * 9, os.urandom(1 << 20), bytes(64), b"\0" * 63 + b"\n"])
def test_noise_gets_the_greeting_and_a_refusal(held: Held, noise: bytes) -> None:
    with held.call() as connection:
        with suppress(ConnectionError):  # nobody reads more than 64 bytes of it
            connection.sendall(noise)
        came = all_that_comes(connection)

    assert len(came) <= REFUSED
    assert came[GREETED:] in (b"", bytes(32))
    assert ask(prove(held.call(), KEY.encode()), "get", "job") == "the order"


@pytest.mark.parametrize("pause", [None, 0.05], ids=["says nothing", "says a byte now and then"])
def test_who_takes_too_long_is_hung_up_on(held: Held, pause: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "PROOF_SECONDS", 0.6)
    with held.call() as connection:
        began = time.monotonic()
        for _byte in range(40 if pause else 0):
            time.sleep(pause or 0)
            try:
                connection.sendall(b"x")
            except ConnectionError:
                break
        came = all_that_comes(connection)

    assert time.monotonic() - began < 1.9  # forty bytes would take two seconds, the other twenty-four more
    assert len(came) <= GREETED
    assert soon(lambda: guests() == 0)


def test_a_crowd_of_strangers_keeps_nobody_out_and_does_not_grow(held: Held) -> None:
    admitted = prove(held.call(), KEY.encode())
    crowd = [held.call() for _stranger in range(3 * STRANGERS)]

    assert ask(prove(held.call(), KEY.encode()), "get", "job") == "the order"
    assert ask(admitted, "get", "job") == "the order"
    assert soon(lambda: guests() <= STRANGERS + 2)
    assert len(all_that_comes(crowd[0])) <= GREETED  # the oldest had to leave


def test_what_was_said_before_proves_nothing_when_it_is_said_again(held: Held) -> None:
    wire = Wire(held.call())
    assert ask(prove(wire, KEY.encode()), "add", "visits", 1) == 1

    with held.call() as connection:
        connection.sendall(wire.sent)
        came = all_that_comes(connection)

    assert len(came) <= REFUSED
    assert held.board.answer(["get", "visits"]) == "1"


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def doubled(data: bytes) -> bytes:
    return data + data


def without_seal(data: bytes) -> bytes:
    return data[:4] + bytes(32) + data[36:]


@pytest.mark.parametrize(("change", "counted"), [(flipped, "1"), (without_seal, "1"), (doubled, "2")])
def test_a_message_that_somebody_touched_on_the_way_breaks_the_line(held: Held, change: Callable[[bytes], bytes], counted: str) -> None:
    wire = Wire(held.call())
    line = prove(wire, KEY.encode())
    ask(line, "add", "visits", 1)
    wire.change = change

    with suppress(OSError):
        ask(line, "add", "visits", 1)
    assert soon(lambda: guests() == 0)
    assert held.board.answer(["get", "visits"]) == counted


def test_a_holder_that_only_repeats_what_it_hears_convinces_nobody() -> None:
    here, there = ends()
    with here, there:
        there.sendall(b"PhiTune meeting 1\n" + bytes(32))
        threading.Thread(target=lambda: there.sendall(there.recv(64, socket.MSG_WAITALL)[32:])).start()
        with pytest.raises(WrongKey):
            prove(here, KEY.encode())


def test_an_answer_of_the_holder_convinces_nobody_when_it_is_repeated() -> None:
    here, there = ends()
    with here, there:
        holder = Wire(there)
        thread = threading.Thread(target=lambda: demand_proof(holder, b"k").send(b"the order"))
        thread.start()
        prove(here, b"k")
        thread.join()
    here, there = ends()
    with here, there:
        there.sendall(holder.sent)
        with pytest.raises(WrongKey):
            prove(here, b"k")


def test_another_program_at_that_place_is_no_meeting() -> None:
    here, there = ends()
    with here, there:
        there.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")
        with pytest.raises(OSError, match="Another program"):
            prove(here, KEY.encode())


def test_a_message_of_gigabytes_is_not_waited_for() -> None:
    here, there = ends()
    with here, there:
        thread = threading.Thread(target=lambda: prove(there, b"k")._connection.sendall(b"\xff" * 4))
        thread.start()
        line = demand_proof(here, b"k")
        with pytest.raises(OSError, match="too long"):
            line.receive(10)
        thread.join()


@pytest.mark.parametrize("request_", [[], {}, "get", ["get"], ["get", 1], ["set", "a"], ["list"], ["add", "job", 1], ["has", 1], 7])
def test_a_guest_that_asks_for_nothing_known_is_hung_up_on(held: Held, request_: Any) -> None:
    line = prove(held.call(), KEY.encode())
    line.send(json.dumps(request_).encode())

    with pytest.raises(OSError):  # noqa: PT011  the system's words differ
        line.receive(10)
    assert soon(lambda: guests() == 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "::", "::ffff:0.0.0.0"])
def test_a_name_that_stands_for_every_network_is_refused(host: str) -> None:
    with pytest.raises(CannotStart, match="would listen on every network"):
        Reception(Address(host, free_port()), KEY, Board({}))

    assert not at_work()


def link_local() -> list[str]:
    """This machine's numbers that are of use with an interface only."""
    known = [each.address for addresses in psutil.net_if_addrs().values() for each in addresses if each.family == socket.AF_INET6]
    return [address for address in known if address.startswith("fe80:") and "%" in address]


@pytest.mark.skipif(not link_local(), reason="this machine has no address of that kind")
def test_it_listens_at_an_address_with_its_interface() -> None:
    place = read_address(f"[{link_local()[0]}]:{free_port()}")
    reception = Reception(place, KEY, Board({"job": "the order"}))
    try:
        with socket.create_connection(place, timeout=20) as connection:
            assert ask(prove(connection, KEY.encode()), "get", "job") == "the order"
        assert interface_to(place) == place.host.partition("%")[2]
    finally:
        reception.close()
    assert soon(lambda: not at_work())


def test_an_interface_that_is_not_there_is_said() -> None:
    with pytest.raises(CannotStart, match="fe80::1%phitune0 is no address of this machine"):
        Reception(Address("fe80::1%phitune0", free_port()), KEY, Board({}))


def test_no_other_program_takes_the_port_over(held: Held) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError):  # noqa: PT011  the system's words differ
            other.bind(held.place)


def test_a_system_without_room_for_one_more_thread_ends_nothing(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    start, left = threading.Thread.start, [3]

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "phitune-guest" and left[0]:
            left[0] -= 1
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for _refused in range(3):
        with held.call() as connection:
            assert all_that_comes(connection) == b""  # hung up on, and not left to wait

    assert ask(prove(held.call(), KEY.encode()), "get", "job") == "the order"
    assert held.reception._strangers == []


def test_it_listens_at_the_named_address_only_and_no_longer_than_it_is_open(held: Held) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", held.place.port), timeout=5)
    with pytest.raises(CannotStart, match=f"Port {held.place.port} of 127.0.0.1 is taken"):
        Reception(held.place, KEY, held.board)
    line = prove(held.call(), KEY.encode())

    held.reception.close()

    with pytest.raises(OSError):  # noqa: PT011  the system's words differ
        ask(line, "get", "job")

    def refused() -> bool:
        try:
            held.call().close()
        except ConnectionRefusedError:
            return True
        return False

    assert soon(refused)
    assert soon(lambda: guests() == 0)
