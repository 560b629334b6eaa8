"""Several machines train one run as one process does; who does not fit is turned away, and a lost one ends the run in a sentence."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from phitune_gui.core.events import StageBegan, Warned
from phitune_gui.jobs.control import send
from phitune_gui.store.runs import read_events
from tests.helpers.commands import phitune
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


def test_waiting_can_be_stopped(recipe: Path, tmp_path: Path) -> None:
    with in_background(recipe, tmp_path, *two_machines()) as result:
        invitation(tmp_path / "runs")
        (run,) = (tmp_path / "runs").iterdir()
        send(run, "stop", "stop")

    assert (result["state"], result["steps"]) == ("stopped", 0)


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
