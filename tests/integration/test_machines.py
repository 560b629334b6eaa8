"""Several machines train one run as one process does; who does not fit is turned away, and a lost one ends the run in a sentence."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from phitune_gui.core.address import Address
from phitune_gui.core.events import StageBegan, Warned
from phitune_gui.core.job import JoinJob, StopRequest, TrainJob
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import LauncherSection
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
from tests.helpers.tiny_phi3 import write_tiny_phi3
from tests.integration.test_launchers import LONG, ONE, at_step, gone, in_background, recipe, steps, train
from tests.integration.test_split_layers import ADAPTER, require_equal

__all__ = ["recipe"]

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.name == "nt", reason="machines are not tried on Windows")]


def two_machines(launcher: str = "ddp") -> tuple[str, ...]:
    return (f"launcher.id={launcher}", "launcher.nodes=2", f"launcher.rendezvous=127.0.0.1:{free_port()}")


def invitation(runs: Path, attempt: int = 1) -> list[str]:
    """The words of the command that the first machine shows, once it does."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for events in runs.glob("*/events.jsonl"):
            said = [event.detail for event in read_events(events.parent) if isinstance(event, StageBegan) and event.stage == "waiting"]
            if len(said) >= attempt:
                return said[-1].splitlines()[0].partition("phitune ")[2].split()
        time.sleep(0.05)
    raise TimeoutError("nobody was invited")


def own_files(recipe: Path, place: Path) -> list[str]:
    """This machine's copies of model and data, as options."""
    place.mkdir(parents=True, exist_ok=True)
    shutil.copytree(recipe.parent / "tiny", place / "model", dirs_exist_ok=True)
    shutil.copy(recipe.parent / "rows.jsonl", place / "data.jsonl")
    return ["--model", str(place / "model"), "--data", str(place / "data.jsonl")]


def together(recipe: Path, tmp_path: Path, *options: str) -> dict[str, Any]:
    """The result of the first machine, after the second has trained along with files of its own."""
    with in_background(recipe, tmp_path / "first", *options) as result:
        command = invitation(tmp_path / "first" / "runs")
        joined = phitune(*command, *own_files(recipe, tmp_path / "second"), home=tmp_path / "second" / "home")
    assert joined["state"] == "finished"
    assert joined["steps"] == result["steps"]
    return result


@contextmanager
def in_thread(*command: str, home: Path, code: int = 0, within: str = "") -> Iterator[dict[str, Any]]:
    """Another machine's command goes on beside the block; its JSON is there after the block."""
    result: dict[str, Any] = {}
    thread = threading.Thread(target=lambda: result.update(phitune(*command, home=home, code=code, within=within)))
    thread.start()
    yield result
    thread.join(90)


@pytest.mark.parametrize("launcher", ["ddp", pytest.param("fsdp2", marks=pytest.mark.slow)])
def test_two_machines_do_what_one_process_does(recipe: Path, tmp_path: Path, launcher: str) -> None:
    alone = train(recipe, *ONE, "training.max_steps=12")

    result = together(recipe, tmp_path, *two_machines(launcher), "training.max_steps=12")

    for one, two in zip(steps(alone["run"]), steps(result["run"]), strict=True):
        assert two.loss == pytest.approx(one.loss, abs=1e-4)
        assert (two.tokens, two.learned_tokens) == (one.tokens, one.learned_tokens)
    require_equal(alone["run"], result["run"], within=1e-4)


@pytest.mark.slow
def test_several_processes_on_each_machine(recipe: Path, tmp_path: Path) -> None:
    alone = train(recipe, "training.accumulation=4", "training.max_steps=6")

    result = together(recipe, tmp_path, *two_machines(), "launcher.processes=2", "training.max_steps=6")

    require_equal(alone["run"], result["run"], within=1e-4)


def test_who_has_another_model_is_turned_away_and_may_come_again(recipe: Path, tmp_path: Path) -> None:
    other = write_tiny_phi3(tmp_path / "other", max_position_embeddings=1024, original_max_position_embeddings=1024)
    with in_background(recipe, tmp_path / "first", *two_machines(), "training.max_steps=2") as result:
        command = invitation(tmp_path / "first" / "runs")
        away = phitune(*command, "--model", str(other), home=tmp_path / "second", code=1)
        phitune(*command, home=tmp_path / "second")

    what = "The first machine turned this one away. Its model folder holds other files than the first machine's."
    assert away["error"]["what"] == what
    assert result["state"] == "finished"
    said = [event.message for event in read_events(Path(result["run"])) if isinstance(event, Warned)]
    assert said == ["Machine 2 was turned away. Its model folder holds other files than the first machine's."]


def test_who_reads_other_rows_is_turned_away_and_may_come_again(recipe: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text((recipe.parent / "rows.jsonl").read_text("utf-8").replace("Captain, 7?", "Captain, seven?"), "utf-8")
    with in_background(recipe, tmp_path / "first", *two_machines(), "training.max_steps=2") as result:
        command = invitation(tmp_path / "first" / "runs")
        away = phitune(*command, "--data", str(rows), home=tmp_path / "second", code=1)
        phitune(*command, home=tmp_path / "second")

    assert away["error"]["what"] == "The first machine turned this one away. It reads other rows than the first machine."
    assert away["error"]["how_to_fix"].startswith("Copy the first machine's data files here and join again")
    assert (result["state"], result["steps"]) == ("finished", 2)
    said = [event.message for event in read_events(Path(result["run"])) if isinstance(event, Warned)]
    assert said == ["Machine 2 was turned away. It reads other rows than the first machine."]


def test_rows_that_cannot_be_used_end_the_joining_and_nothing_else(recipe: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("", "utf-8")
    with in_background(recipe, tmp_path / "first", *two_machines()) as result:
        away = phitune(*invitation(tmp_path / "first" / "runs"), "--data", str(rows), home=tmp_path / "second", code=1)
        (run,) = (tmp_path / "first" / "runs").iterdir()
        assert not [event for event in read_events(run) if isinstance(event, Warned)]
        send(run, "stop", "stop")

    assert away["error"]["what"].endswith(".")
    assert result["state"] == "stopped"


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


def test_waiting_can_be_stopped(recipe: Path, tmp_path: Path) -> None:
    with in_background(recipe, tmp_path, *two_machines()) as result:
        invitation(tmp_path / "runs")
        (run,) = (tmp_path / "runs").iterdir()
        send(run, "stop", "stop")

    assert (result["state"], result["steps"]) == ("stopped", 0)


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
        machines.wait_for_machines(job, Notebook(tmp_path, asked))

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


@pytest.mark.slow
def test_a_machine_that_was_lost_before_the_training_may_come_again(recipe: Path, tmp_path: Path) -> None:
    three = ("launcher.id=ddp", "launcher.nodes=3", f"launcher.rendezvous=127.0.0.1:{free_port()}", "training.max_steps=2")
    with in_background(recipe, tmp_path / "first", *three) as result:
        command = invitation(tmp_path / "first" / "runs")
        second = [*command[:3], "2", *command[4:]]
        with in_thread(*second, home=tmp_path / "lost", code=1):
            invitation(tmp_path / "first" / "runs", attempt=2)
            worker_of(next((tmp_path / "lost").glob("**/worker.json")).parent).send_signal(signal.SIGKILL)
        invitation(tmp_path / "first" / "runs", attempt=3)
        with in_thread(*second, home=tmp_path / "second"):
            phitune(*[*command[:3], "3", *command[4:]], home=tmp_path / "third")

    assert result["state"] == "finished"


@pytest.mark.slow
def test_noise_and_another_key_keep_nobody_out(recipe: Path, tmp_path: Path) -> None:
    with in_background(recipe, tmp_path / "first", *two_machines(), "training.max_steps=2") as result:
        command = invitation(tmp_path / "first" / "runs")
        host, _colon, port = command[1].partition(":")
        for noise in (b"GET / HTTP/1.0\r\n\r\n", os.urandom(4096), b""):
            with socket.create_connection((host, int(port))) as stranger:
                stranger.sendall(noise)
        other = phitune(*command[:-1], "0" * 32, home=tmp_path / "second", code=1)
        phitune(*command, home=tmp_path / "second")

    assert other["error"]["what"] == f"A run waits at {command[1]}, but for another key."
    assert result["state"] == "finished"


def test_an_address_of_another_machine_is_refused(recipe: Path) -> None:
    result = train(recipe, "launcher.id=ddp", "launcher.nodes=2", "launcher.rendezvous=192.0.2.1:29500", code=1)

    assert result["error"]["what"].startswith("192.0.2.1 is no address of this machine")


@pytest.mark.slow
def test_it_goes_on_from_a_checkpoint_that_only_the_first_machine_has(recipe: Path, tmp_path: Path) -> None:
    options = (*two_machines(), "training.max_steps=30", "training.epochs=100", "technique.dropout=0.2")
    whole = together(recipe, tmp_path / "whole", *options)
    with in_background(recipe, tmp_path / "first", *options):
        command = invitation(tmp_path / "first" / "runs")
        with in_thread(*command, home=tmp_path / "second"):
            run = at_step(tmp_path / "first" / "runs", 3)
            send(run, "stop", "stop")

    with in_thread("resume", str(run), home=tmp_path / "first"):
        phitune(*invitation(tmp_path / "first" / "runs", attempt=2), home=tmp_path / "third")

    assert (run / ADAPTER).read_bytes() == (Path(whole["run"]) / ADAPTER).read_bytes()


@pytest.mark.faults
@pytest.mark.parametrize("victim", ["first", "second"])
def test_a_lost_machine_ends_the_run_with_a_sentence_and_no_orphan(recipe: Path, tmp_path: Path, victim: str) -> None:
    with in_background(recipe, tmp_path / "first", *two_machines(), *LONG, code=1) as result:
        command = invitation(tmp_path / "first" / "runs")
        with in_thread(*command, home=tmp_path / "second", code=1) as joined:
            run = at_step(tmp_path / "first" / "runs", 6)
            processes = [worker_of(run), worker_of(next((tmp_path / "second").glob("**/worker.json")).parent)]
            processes[victim == "second"].send_signal(signal.SIGKILL)

    broken = "The connection to another process or machine broke, so the training cannot go on."
    assert (joined if victim == "first" else result)["error"]["what"] == broken
    assert gone(processes)


def worker_of(folder: Path) -> psutil.Process:
    return psutil.Process(json.loads((folder / "worker.json").read_text("utf-8"))["pid"])


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("ss") is None,
    reason="makes network namespaces",
)
def test_two_machines_over_a_real_network(recipe: Path, tmp_path: Path) -> None:
    """Two network namespaces joined by a virtual cable: no loopback between them, and nothing listens but on the named address."""
    with two_namespaces() as (first, second):
        options = (
            "launcher.id=ddp",
            "launcher.nodes=2",
            "launcher.rendezvous=10.77.0.1:29500",
            "training.max_steps=200",
            "training.epochs=100",
        )
        with in_thread(*train_command(recipe, *options), home=tmp_path / "first", within=first) as result:
            command = invitation(tmp_path / "first" / "runs")
            with in_thread(*command, home=tmp_path / "second", within=second) as joined:
                at_step(tmp_path / "first" / "runs", 3)
                listening = within(first, "ss", "-Hltn")

    assert {line.split()[3].rpartition(":")[0] for line in listening.splitlines()} == {"10.77.0.1"}
    assert (result["state"], joined["state"], joined["steps"]) == ("finished", "finished", 200)


@contextmanager
def two_namespaces() -> Iterator[tuple[str, str]]:
    first, second = (f"phitune-test-{os.getpid()}-{number}" for number in (1, 2))
    cable = [f"pt{os.getpid() % 10**6}{end}" for end in "ab"]
    run = partial(subprocess.run, check=True)
    if subprocess.run(["ip", "netns", "add", first], check=False).returncode:
        pytest.skip("this system lets nobody make network namespaces")
    try:
        run(["ip", "netns", "add", second])
        run(["ip", "link", "add", cable[0], "netns", first, "type", "veth", "peer", "name", cable[1], "netns", second])
        for name, end, address in ((first, cable[0], "10.77.0.1/24"), (second, cable[1], "10.77.0.2/24")):
            for words in (["addr", "add", address, "dev", end], ["link", "set", end, "up"], ["link", "set", "lo", "up"]):
                run(["ip", "-n", name, *words])
        yield first, second
    finally:
        for name in (first, second):
            subprocess.run(["ip", "netns", "del", name], check=False)


def within(namespace: str, *command: str) -> str:
    return subprocess.run(["ip", "netns", "exec", namespace, *command], check=True, capture_output=True, text=True).stdout


def train_command(recipe: Path, *options: str) -> list[str]:
    return ["train", str(recipe), *(part for option in options for part in ("-o", option))]
