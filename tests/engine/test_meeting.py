"""Machines meet where only those who know the key are heard, and torch's processes find each other there too."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta

import psutil
import pytest
from torch import distributed

from phitune_gui.core.address import Address
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.meeting import Meeting, MeetingGone
from tests.helpers.free_port import free_port

pytestmark = pytest.mark.engine


@pytest.fixture
def place() -> Address:
    return Address("127.0.0.1", free_port())


@pytest.fixture
def held(place: Address) -> Iterator[Meeting]:
    meeting = Meeting.hold(place, "the key", {"job": {"steps": 3}})
    yield meeting
    meeting.close()


@pytest.fixture
def visited(held: Meeting, place: Address) -> Iterator[Callable[[], Meeting]]:
    """Comes to the meeting as one more machine."""
    with ExitStack() as guests:

        def visit() -> Meeting:
            meeting = Meeting.visit(place, "the key")
            assert meeting is not None
            return guests.enter_context(closing(meeting))

        yield visit


def test_what_one_says_all_hear(held: Meeting, visited: Callable[[], Meeting]) -> None:
    second, third = visited(), visited()
    second.say("here-2", {"model": "é\n"})

    assert second.heard("job") == {"steps": 3}
    assert held.heard("here-2") == third.heard("here-2") == {"model": "é\n"}
    held.forget("here-2")
    assert third.heard("here-2") is None


def test_another_key_is_told_so_and_nobody_is_nobody(held: Meeting, place: Address) -> None:
    with pytest.raises(CannotStart) as refusal:
        Meeting.visit(place, "another key")

    assert refusal.value.problem.where == "--key"
    assert refusal.value.problem.what == f"A run waits at {place}, but for another key."
    assert Meeting.visit(Address("127.0.0.1", free_port()), "the key") is None


def test_torch_cannot_list_what_was_said_and_nothing_else_listens(held: Meeting, place: Address) -> None:
    with pytest.raises(RuntimeError):
        distributed.TCPStore(place.host, place.port, None, False, timedelta(seconds=1), wait_for_workers=False).list_keys()

    listening = [each.laddr for each in psutil.Process().net_connections("inet") if each.status == psutil.CONN_LISTEN]
    assert listening == [place]


def test_torch_finds_its_processes_there(held: Meeting, visited: Callable[[], Meeting]) -> None:
    guest = visited()
    here, there = held.store, guest.store
    threading.Timer(0.2, lambda: here.set("address", bytes(range(256)))).start()

    assert there.get("address") == bytes(range(256))
    assert (here.add("ready", 1), there.add("ready", 2)) == (1, 3)
    assert there.check(["address", "ready"])
    assert not here.check(["address", "nothing"])
    assert there.delete_key("address")
    with pytest.raises(RuntimeError, match="did not come"):
        there.wait(["nothing"], timedelta(seconds=0.2))
    assert guest.heard("address") is None  # apart from what the machines tell each other


def test_a_store_is_used_by_many_threads_at_once(held: Meeting, visited: Callable[[], Meeting]) -> None:
    guest = visited()
    threads = [threading.Thread(target=lambda: [guest.store.add("count", 1) for _each in range(50)]) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert held.store.add("count", 0) == 200


def test_a_holder_that_is_gone_is_noticed(held: Meeting, visited: Callable[[], Meeting]) -> None:
    guest = visited()
    held.close()
    began = time.monotonic()

    with pytest.raises(MeetingGone):
        guest.heard("job")
    with pytest.raises(RuntimeError, match="The connection to the first machine broke"):
        guest.store.check(["ready"])
    assert time.monotonic() - began < 5
