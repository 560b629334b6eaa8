"""Whoever reaches the meeting of a run without its key neither ends the run nor makes it hold memory, threads or connections."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from phitune_gui.core.address import Address, read_address
from phitune_gui.engine.proof import prove
from phitune_gui.engine.reception import STRANGERS
from tests.engine.test_reception import GREETED, REFUSED, Wire, all_that_comes, ask, soon
from tests.helpers.commands import phitune
from tests.integration.test_launchers import ONE, in_background, recipe, steps, train
from tests.integration.test_machines import in_thread, invitation, two_machines, worker_of
from tests.integration.test_split_layers import require_equal

__all__ = ["recipe"]

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="machines are not tried on Windows"),
]

Attack = Callable[[Address, ExitStack], None]


def call(place: Address, calls: ExitStack) -> socket.socket:
    return calls.enter_context(socket.create_connection(place, timeout=20))


def says(connection: socket.socket, noise: bytes) -> None:
    with suppress(ConnectionError):  # it hung up meanwhile
        connection.sendall(noise)


def garbage(place: Address, calls: ExitStack) -> None:
    for noise in (os.urandom(1 << 20), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1000, bytes(1 << 16), b"\n"):
        says(call(place, calls), noise)


def half_a_greeting_and_silence(place: Address, calls: ExitStack) -> None:
    for many in (0, 1, 31, 32, 33, 63):
        connection = call(place, calls)
        connection.recv(GREETED, socket.MSG_WAITALL)
        says(connection, os.urandom(many))


def a_length_of_gigabytes(place: Address, calls: ExitStack) -> None:
    for length in (b"\xff" * 4, b"\x00\xff\xff\xff", b"\x7f" + b"\xff" * 7):
        for _many in range(8):
            says(call(place, calls), length + os.urandom(200))


def a_crowd(place: Address, calls: ExitStack) -> None:
    for _stranger in range(20 * STRANGERS):
        call(place, calls)


def calls_that_break_off(place: Address, _calls: ExitStack) -> None:
    for _each in range(100):
        with socket.create_connection(place, timeout=20) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))  # a reset instead of an end


ATTACKS: tuple[Attack, ...] = (garbage, half_a_greeting_and_silence, a_length_of_gigabytes, a_crowd, calls_that_break_off)


def connections(process: psutil.Process) -> int:
    """Open ones, the listener among them."""
    return len(process.net_connections("inet"))


@contextmanager
def repeated(words: bytes, place: Address) -> Iterator[None]:
    """What a visitor with the key once said is said again all the time."""
    done = threading.Event()

    def repeat() -> None:
        while not done.is_set():
            with suppress(OSError), socket.create_connection(place, timeout=5) as connection:
                says(connection, words)
                assert len(all_that_comes(connection)) <= REFUSED
            time.sleep(0.02)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_strangers_leave_nothing_behind_while_machines_are_waited_for(recipe: Path, tmp_path: Path) -> None:
    with in_background(recipe, tmp_path / "first", *two_machines(), "training.max_steps=2") as result:
        command = invitation(tmp_path / "first" / "runs")
        (run,) = (tmp_path / "first" / "runs").iterdir()
        place, worker = read_address(command[1]), worker_of(run)
        threads, held = worker.num_threads(), worker.memory_info().rss
        assert connections(worker) == 1
        for attack in (*ATTACKS, *ATTACKS):
            with ExitStack() as calls:
                attack(place, calls)
                assert connections(worker) <= STRANGERS + 8  # a few are on their way out
        with ExitStack() as calls:
            half_a_greeting_and_silence(place, calls)
            assert soon(lambda: connections(worker) == 1)  # though none of them hung up
        assert soon(lambda: worker.num_threads() <= threads)
        assert worker.memory_info().rss - held < 20_000_000
        phitune(*command, home=tmp_path / "second")

    assert result["state"] == "finished"


def test_strangers_change_nothing_while_two_machines_train(recipe: Path, tmp_path: Path) -> None:
    length = ("training.max_steps=40", "training.epochs=100")
    alone = train(recipe, *ONE, *length)

    with in_background(recipe, tmp_path / "first", *two_machines(), *length) as result:
        command = invitation(tmp_path / "first" / "runs")
        place, key = read_address(command[1]), command[-1].encode()
        with closing(socket.create_connection(place, timeout=20)) as connection:
            wire = Wire(connection)
            line = prove(wire, key)
            assert ask(line, "get", "job")
            ask(line, "set", "said-once", "1")
        with in_thread(*command, home=tmp_path / "second") as joined, repeated(wire.sent, place), ExitStack() as calls:
            deadline = time.monotonic() + 240
            while "steps" not in result and "steps" not in joined and time.monotonic() < deadline:
                for attack in ATTACKS:
                    with suppress(OSError):  # the run is over
                        attack(place, calls)
                calls.close()

    assert (result["state"], joined["state"]) == ("finished", "finished")
    assert [step.loss for step in steps(result["run"])] == pytest.approx([step.loss for step in steps(alone["run"])], abs=1e-4)
    require_equal(alone["run"], result["run"], within=1e-4)
