"""What a machine is told that wants to join, and what those who wait make of it."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from phitune_gui.core.address import Address
from phitune_gui.core.events import Warned
from phitune_gui.core.job import JoinJob, StopRequest, TrainJob
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSource, LauncherSection
from phitune_gui.engine import joining, machines
from phitune_gui.engine.board import Board as EmptyBoard
from phitune_gui.engine.meeting import KEY, PLACE
from phitune_gui.engine.ranks import Ranks
from phitune_gui.engine.reception import Reception
from phitune_gui.engine.reporting import Stopped
from phitune_gui.engine.seats import Seats, admit
from phitune_gui.jobs.control import send
from phitune_gui.store.runs import read_events
from tests.engine.conftest import Notebook
from tests.helpers.commands import phitune
from tests.helpers.factories import a_model, a_recipe
from tests.helpers.free_port import free_port
from tests.integration.test_machines import in_thread

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.name == "nt", reason="machines are not tried on Windows")]


def test_another_key_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    place = Address("127.0.0.1", free_port())
    reception = Reception(place, "5f2c", EmptyBoard({}))
    try:
        other = phitune("join", str(place), "--machine", "2", "--key", "0" * 32, home=tmp_path, code=1)
    finally:
        reception.close()

    assert other["error"]["what"] == f"A run waits at {place}, but for another key."
    seen = "import sys, phitune_gui.worker.joining, phitune_gui.engine.joining; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", seen], check=True, capture_output=True, text=True).stdout.strip() == "[]"


def test_a_place_where_nobody_waits_is_named_with_what_is_in_the_way(tmp_path: Path) -> None:
    place = f"127.0.0.1:{free_port()}"
    with in_thread("join", place, "--machine", "2", "--key", "k", home=tmp_path) as result:
        job = job_that_warned(tmp_path)
        send(job, "stop", "stop")

    assert [message.partition(". ")[0] for message in warned(job)] == [f"No run waits at {place} yet: connection refused"]
    assert result["state"] == "stopped"


def test_when_nobody_came_it_is_said_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "PATIENCE_SECONDS", 0.7)
    monkeypatch.setattr(joining.os, "environ", dict(os.environ))
    reporter = Board({})
    reporter.poll = list
    job = JoinJob(address=f"127.0.0.1:{free_port()}", machine=2, key="k")
    with pytest.raises(CannotStart) as refusal:
        joining.attend(job, reporter)

    assert refusal.value.problem.what == f"No run waited at {job.address} within an hour: 3 tries, connection refused at the last."


def warned(job: Path) -> list[str]:
    return [event.message for event in read_events(job) if isinstance(event, Warned)]


def job_that_warned(home: Path) -> Path:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for events in home.glob("**/events.jsonl"):
            if warned(events.parent):
                return events.parent
        time.sleep(0.05)
    raise TimeoutError("nothing was said")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["127.0.0.1", "--machine", "2", "--key", "k"], "'127.0.0.1' is no address"),
        (["0.0.0.0:29500", "--machine", "2", "--key", "k"], "0.0.0.0 would listen on every network"),
        (["127.0.0.1:80", "--machine", "2", "--key", "k"], "80 is no port that a program may open"),
        (["127.0.0.1:29500", "--machine", "1", "--key", "k"], "Machine 1 is the first machine, and nothing is joined there"),
        (["127.0.0.1:29500", "--machine", "65", "--key", "k"], "There is no machine 65: the others are numbered from 2 to 64."),
        (["127.0.0.1:29500", "--machine", "2", "--key", ""], "The key is empty."),
        (["127.0.0.1:29500", "--machine", "2", "--key", "a b"], "'a b' is no key."),
        (["box.invalid:29500", "--machine", "2", "--key", "k"], "This machine cannot find one of the name box.invalid: "),
    ],
)
def test_join_says_at_once_what_is_wrong_with_an_invitation(tmp_path: Path, arguments: list[str], what: str) -> None:
    assert phitune("join", *arguments, home=tmp_path, code=2)["error"]["what"].startswith(what)
    assert not list(tmp_path.glob("**/worker.json"))


@pytest.mark.parametrize("greeting", ["[1]", "no json", '"text"', "7"])
def test_a_greeting_that_is_none_is_turned_away(greeting: str, tmp_path: Path) -> None:
    board = Board({"here-2": json.loads(greeting) if greeting != "no json" else ""})

    assert not admit(board, 2, {"model": "a"}, board)
    assert board.entries["answer-2"] == {"to": None, "no": "It did not say what it is."}
    assert "here-2" not in board.entries


def test_files_that_lie_elsewhere_here_keep_the_weights_that_the_first_machine_gave_them(tmp_path: Path) -> None:
    sources = (DataSource(path="/there/a.jsonl", weight=0.5), DataSource(path="/there/b.jsonl", weight=2))
    recipe = a_recipe()
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"sources": sources})})
    here = (tmp_path / "mine.jsonl", tmp_path / "other.jsonl")
    for path in here:
        path.touch()
    order = TrainJob(recipe=recipe, plan=Plan(), base_model=a_model()).model_dump_json()
    job = JoinJob(address="127.0.0.1:29500", machine=2, key="k", model=str(tmp_path), data=tuple(map(str, here)))

    own = joining._with_own_paths(order, job).recipe.data.sources

    assert own == (DataSource(path=str(here[0]), weight=0.5), DataSource(path=str(here[1]), weight=2))


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_every_machine_names_the_one_that_reads_other_rows(rank: int, tmp_path: Path) -> None:
    class Three(Ranks):
        def gathered(self, _data: bytes) -> list[bytes]:
            return [b"same", b"other", b"same"]

    section = LauncherSection(id="ddp", nodes=3, rendezvous="127.0.0.1:29500")
    job = TrainJob(recipe=a_recipe().model_copy(update={"launcher": section}), plan=Plan(), base_model=a_model())
    with pytest.raises(CannotStart) as refusal:
        machines.share_with_machines(job, "same" if rank != 1 else "other", tmp_path, Three(rank, 3))

    assert refusal.value.problem.what == "Machine 2 reads other rows than the first one."


@pytest.mark.parametrize("ends", ["stopped", "nobody came"])
def test_who_waits_no_more_listens_no_more(ends: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv(PLACE, place)
    monkeypatch.setenv(KEY, "the key")
    monkeypatch.setattr(machines, "PATIENCE_SECONDS", 1.0)
    section = LauncherSection(id="ddp", nodes=2, rendezvous=place)
    job = TrainJob(recipe=a_recipe().model_copy(update={"launcher": section}), plan=Plan(), base_model=a_model())
    called: list[socket.socket] = []

    def asked(_step: int) -> list[StopRequest]:
        called.append(socket.create_connection(("127.0.0.1", int(place[10:])), timeout=20))
        return [StopRequest(id="1", at=1.0, request="stop")] if ends == "stopped" else []

    with pytest.raises(Stopped if ends == "stopped" else CannotStart):
        machines.wait_for_machines(job, Notebook(tmp_path, asked), "rows")

    assert called
    for connection in called:
        with connection, suppress(ConnectionResetError):
            while connection.recv(4096):  # the greeting, and the end
                pass
    deadline = time.monotonic() + 10
    while any(thread.name in ("phitune-guest", "phitune-reception") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(place[10:])), timeout=5)


class Board:
    """A meeting without a network, and what was reported."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self.entries, self.events = entries, []
        self.say, self.heard, self.emit = entries.__setitem__, entries.get, self.events.append
        self.forget = entries.__delitem__


def test_a_machine_that_falls_silent_while_others_are_waited_for_frees_its_seat() -> None:
    board, seats = Board({}), Seats(patience=0.1)
    seats.take([2, 3])
    for beat in range(4):
        time.sleep(0.04)
        board.entries["waits-2"] = beat
        assert 2 not in seats.silent(board)

    assert 3 not in seats._heard
    time.sleep(0.12)
    assert seats.silent(board) == [2]
    assert seats.silent(board) == []
