"""A worker may end in any way: the folder gets exactly one ending and one sentence."""

import errno
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from phitune_gui.core import events as e
from phitune_gui.core.job import ExportJob
from phitune_gui.core.run import Run, apply_all
from phitune_gui.jobs.control import send
from phitune_gui.jobs.endings import log_tail, settle
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.store.runs import read_events
from tests.helpers.factories import a_training

Start = Callable[..., Supervisor]
TRAINING: list[list[Any]] = [["emit", e.event_to_line(event).decode()] for event in a_training(5)[1:]]


def _to_the_end(supervisor: Supervisor) -> list[e.Event]:
    return [event for batch in supervisor.follow() for event in batch]


def _endings(folder: Path) -> list[e.Event]:
    return [event for event in read_events(folder) if isinstance(event, e.LAST)]


def test_a_good_job_ends_as_finished(start: Start) -> None:
    supervisor = start(TRAINING)

    events = _to_the_end(supervisor)

    assert isinstance(events[0], e.AttemptBegan)
    assert isinstance(events[-1], e.JobFinished)
    assert supervisor.run.state == "finished"


def test_replaying_the_file_gives_the_run_that_was_shown_live(start: Start) -> None:
    supervisor = start([*TRAINING, ["sleep", 0.2], *TRAINING[-1:]])

    _to_the_end(supervisor)

    assert apply_all(Run(), read_events(supervisor.folder)) == supervisor.run


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ([["fail", "value"]], "error", "scripted"),
        ([["fail", "memory"]], "out_of_memory", "memory"),
        ([["die", "SIGKILL"]], "killed", "killed"),
        ([["die", "SIGSEGV"]], "crashed", "SIGSEGV"),
        ([["exit", 0]], "no_result", "without a result"),
        ([["exit", 3]], "error", "exit code 3"),
    ],
)  # fmt: skip
def test_every_bad_end_is_one_event_and_one_sentence(start: Start, script: list[list[Any]], kind: str, words: str) -> None:
    supervisor = start([*TRAINING, *script])

    _to_the_end(supervisor)

    (ending,) = _endings(supervisor.folder)
    assert isinstance(ending, e.JobFailed)
    assert ending.kind == kind
    assert words in ending.message
    assert ending.message.endswith(".")
    assert "Traceback" not in ending.message + ending.hint
    assert supervisor.run.state == "failed"


def test_a_killed_training_says_at_which_step_and_what_is_safe(start: Start) -> None:
    saved = e.event_to_line(e.CheckpointSaved(step=4, path="checkpoints/step-000004")).decode()
    supervisor = start([*TRAINING, ["emit", saved], ["wait", ""], ["die", "SIGKILL"]])
    (supervisor.folder / "checkpoints" / "step-000004").mkdir(parents=True)
    (supervisor.folder / "checkpoints" / "step-000009 (copy)").mkdir()
    send(supervisor.folder, "save")

    _to_the_end(supervisor)

    failure = supervisor.run.failure
    assert failure is not None
    assert "step 5 of 10" in failure.message
    assert "step 4 is safe" in failure.hint


def test_what_libraries_print_lands_in_the_log(start: Start) -> None:
    supervisor = start([["junk", "{not an event}"], *TRAINING])

    _to_the_end(supervisor)

    assert supervisor.run.state == "finished"
    assert log_tail(supervisor.folder).count("{not an event}") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a signal asks, as on POSIX")
def test_stop_is_heard_also_where_no_request_can_be_written(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    supervisor = start([*TRAINING, ["wait", "end"]])
    while supervisor.run.step < 5:
        supervisor.read()
        time.sleep(0.02)
    monkeypatch.setattr("phitune_gui.jobs.control._append", full)

    with pytest.raises(OSError, match="No space left"):
        send(supervisor.folder, "save")
    send(supervisor.folder, "stop")

    _to_the_end(supervisor)
    assert supervisor.run.state == "stopped"
    with pytest.raises(OSError, match="No space left"):
        send(supervisor.folder, "stop")


def test_stop_is_heard_and_ends_as_stopped(start: Start) -> None:
    supervisor = start([*TRAINING, ["wait", "end"]])
    request = send(supervisor.folder, "stop")

    events = _to_the_end(supervisor)

    assert any(isinstance(event, e.Acknowledged) and event.id == request for event in events)
    assert supervisor.run.state == "stopped"


def test_kill_ends_at_once_even_when_the_engine_is_stuck(start: Start) -> None:
    supervisor = start([*TRAINING, ["sleep", 60]])
    while supervisor.run.step < 5:
        supervisor.read()
        time.sleep(0.02)
    send(supervisor.folder, "kill")

    began = time.monotonic()
    _to_the_end(supervisor)

    assert time.monotonic() - began < 10
    assert supervisor.run.failure is not None
    assert supervisor.run.failure.kind == "killed"
    assert len(_endings(supervisor.folder)) == 1


def test_a_second_supervisor_follows_a_worker_that_it_did_not_start(start: Start) -> None:
    first = start([*TRAINING, ["wait", "end"]])
    while first.run.step < 5:
        first.read()
        time.sleep(0.02)
    second = Supervisor(first.folder)
    second.read()
    assert second.alive
    send(first.folder, "stop")

    _to_the_end(second)
    first.wait(10)
    _to_the_end(first)

    assert second.run == first.run
    assert second.run.state == "stopped"


def test_a_run_whose_worker_died_unseen_is_settled_by_the_next_reader(start: Start) -> None:
    first = start([*TRAINING, ["sleep", 60]])
    while first.run.step < 5:
        first.read()
        time.sleep(0.02)
    psutil.Process(first.run.pid).kill()
    first.wait(10)

    run = apply_all(Run(), read_events(first.folder))
    settled = settle(first.folder, run)
    assert settled.state == "failed"
    assert settle(first.folder, settled) == settled == apply_all(Run(), read_events(first.folder))

    assert len(_endings(first.folder)) == 1


def test_two_workers_never_share_a_folder(start: Start) -> None:
    first = start([*TRAINING, ["wait", "end"]])
    while first.run.step < 5:
        first.read()
        time.sleep(0.02)
    other = Supervisor(first.folder)
    other.start()
    other.wait(20)
    other.read()

    assert first.alive
    assert not _endings(first.folder)
    send(first.folder, "stop")
    _to_the_end(first)


def test_a_request_of_an_earlier_attempt_is_not_obeyed(start: Start) -> None:
    first = start([["wait", "end"]])
    send(first.folder, "stop")
    _to_the_end(first)

    again = start(TRAINING)
    _to_the_end(again)

    assert again.run.attempt == 2
    assert again.run.state == "finished"


def test_a_killed_export_leaves_nothing_beside_the_persons_folders(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "exports" / "onnx"

    supervisor = start([["leave", str(out)], ["die", "SIGKILL"]], job=ExportJob(run="r", target="merged", out=str(out)))
    _to_the_end(supervisor)

    assert supervisor.run.failure
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(("boot", "words"), [("", "killed from outside, or it crashed"), ("another", "switched off or restarted")])
def test_a_worker_that_nobody_waited_for_is_told_by_the_boot_of_the_machine(start: Start, boot: str, words: str) -> None:
    starter = start([["sleep", 30]])
    folder, follower = starter.folder, Supervisor(starter.folder)
    while not follower.run.pid:
        follower.read()
        time.sleep(0.02)
    if boot:
        named = json.loads((folder / "worker.json").read_text("utf-8"))
        (folder / "worker.json").write_text(json.dumps({**named, "boot_id": boot}), "utf-8")
    psutil.Process(follower.run.pid).kill()
    assert starter.wait(10)

    _to_the_end(follower)

    assert follower.run.failure is not None
    assert words in follower.run.failure.message
