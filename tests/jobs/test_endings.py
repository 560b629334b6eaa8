"""Endings where something is in the way: a copied folder, a full or read-only disk, a worker that never began, odd files."""

import errno
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from phitune_gui.cli import train
from phitune_gui.core import events as e
from phitune_gui.core.names import EVENTS_FILE, JOB_FILE, LOCK_FILE, LOG_FILE, RESERVE_FILE, WORKER_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.run import Run, apply_all
from phitune_gui.files.lines import LineAppender
from phitune_gui.files.reserve import RESERVE_BYTES
from phitune_gui.jobs.control import send
from phitune_gui.jobs.endings import log_tail, settle
from phitune_gui.jobs.history import settled_runs
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.jobs.worker_file import worker_lives
from phitune_gui.store.exports import exports_of
from phitune_gui.store.runs import create_run_folder, read_events
from tests.helpers.factories import a_plan, a_recipe, a_training

Start = Callable[..., Supervisor]
TRAINING: list[list[Any]] = [["emit", e.event_to_line(event).decode()] for event in a_training(5)[1:]]
DEEP = "[" * 200_000
HUGE = '{"pid": 1' + "0" * 400 + ', "started": 1e999, "bytes": Infinity}'


def _until_step_5(supervisor: Supervisor) -> Supervisor:
    while supervisor.run.step < 5:
        supervisor.read()
        time.sleep(0.02)
    return supervisor


def _endings(folder: Path) -> list[e.Event]:
    return [event for event in read_events(folder) if isinstance(event, e.LAST)]


def _dead_run(folder: Path) -> Run:
    """A run folder as a power loss leaves it."""
    (folder / EVENTS_FILE).write_bytes(b"".join(e.event_to_line(event) for event in a_training(3)))
    return apply_all(Run(), read_events(folder))


@pytest.mark.parametrize("moved", [False, True])
def test_a_copied_or_moved_run_is_not_running_and_kills_nobody(start: Start, tmp_path: Path, moved: bool) -> None:
    first = _until_step_5(start([*TRAINING, ["wait", "end"]]))
    copy = tmp_path / "copy"
    if moved:
        first.folder.rename(copy)
    else:
        shutil.copytree(first.folder, copy)

    other = Supervisor(copy)
    other.kill()
    other.read()
    other.kill()

    assert not worker_lives(copy)
    assert first.alive
    if moved:
        copy.rename(first.folder)
    else:
        assert other.wait_for_end(5)
        assert other.run.failure
    assert worker_lives(first.folder)
    send(first.folder, "stop")
    assert first.wait_for_end(20)
    assert first.run.state == "stopped"


def test_a_link_to_a_run_is_that_run(start: Start, tmp_path: Path) -> None:
    first = _until_step_5(start([*TRAINING, ["sleep", 60]]))
    (tmp_path / "link").symlink_to(first.folder, target_is_directory=True)

    other = Supervisor(tmp_path / "link")
    assert other.alive
    other.kill("by Ctrl-C")

    assert first.wait(10)
    assert other.wait_for_end(10)
    assert other.run.failure
    assert other.run.failure.message == "The worker was ended at once at step 5 of 10, by Ctrl-C."


@pytest.mark.skipif(sys.platform == "win32", reason="a process is made to stand still by a signal")
def test_a_worker_that_stands_still_is_waited_for_in_vain_and_ended_by_stop_now(
    start: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _until_step_5(start([*TRAINING, ["sleep", 60]], create_run_folder(a_recipe(), a_plan(), "a")))
    monkeypatch.setattr(train, "STOP_PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(train, "KILL_PATIENCE_SECONDS", 0.5)
    os.kill(first.run.pid, signal.SIGSTOP)

    with pytest.raises(CannotStart, match="has not stopped yet"):
        train.stop_run(first.folder.name, now=False, as_json=False)
    monkeypatch.setattr(train, "STOP_PATIENCE_SECONDS", 10)
    assert train.stop_run(first.folder.name, now=True, as_json=False) == 0

    assert first.wait(10)
    assert "ended at once at step 5 of 10, as asked" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="a worker is killed as on POSIX")
def test_a_full_disk_does_not_keep_a_run_from_being_stopped_at_once(
    start: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_arguments: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    first = _until_step_5(start([*TRAINING, ["sleep", 60]], create_run_folder(a_recipe(), a_plan(), "a")))
    monkeypatch.setattr(train, "send", full)

    with pytest.raises(CannotStart, match="could not be asked to stop: no space left on device"):
        train.stop_run(first.folder.name, now=False, as_json=False)
    assert first.alive
    assert train.stop_run(first.folder.name, now=True, as_json=False) == 0

    assert first.wait(10)
    assert "ended at once at step 5 of 10, as asked" in capsys.readouterr().err


def test_a_worker_that_dies_before_it_begins_again_gets_an_ending_of_its_own(start: Start) -> None:
    first = start(TRAINING)
    assert first.wait_for_end(20)
    (first.folder / JOB_FILE).write_text("{", "utf-8")

    again = Supervisor(first.folder)
    again.start()

    assert again.wait_for_end(20)
    assert again.run.state == "failed"
    assert again.run.attempt == 2
    assert again.run.step == first.run.step
    assert again.run.failure
    assert "before its work began" in again.run.failure.message
    assert apply_all(Run(), read_events(first.folder)) == again.run
    assert settle(first.folder, again.run) == again.run
    assert len(_endings(first.folder)) == 2


def test_a_checkpoint_that_is_gone_is_not_called_safe(start: Start) -> None:
    saved = e.event_to_line(e.CheckpointSaved(step=4, path="checkpoints/step-000004")).decode()
    supervisor = start([*TRAINING, ["emit", saved], ["die", "SIGKILL"]])

    assert supervisor.wait_for_end(20)

    assert supervisor.run.failure
    assert supervisor.run.failure.hint == "No checkpoint is there any more, so training starts again from the beginning."


def test_what_the_person_ended_is_not_called_killed_from_outside(start: Start) -> None:
    supervisor = _until_step_5(start([*TRAINING, ["sleep", 60]]))
    supervisor.kill("by Ctrl-C")

    assert supervisor.wait_for_end(10)

    assert supervisor.run.failure
    assert supervisor.run.failure.message == "The worker was ended at once at step 5 of 10, by Ctrl-C."
    assert supervisor.run.failure.kind == "killed"


def test_one_run_that_cannot_be_written_does_not_break_the_list() -> None:
    locked, gone, free = (create_run_folder(a_recipe(), a_plan(), name) for name in "abc")
    runs = [_dead_run(folder) for folder in (locked, gone, free)]
    (locked / LOCK_FILE).mkdir()  # nobody, not even root, can take this lock

    records = {record.path: record for record in settled_runs()}
    assert {record.run.state for record in records.values()} == {"failed"}
    assert not _endings(locked)
    assert len(_endings(free)) == 1

    shutil.rmtree(gone)
    judged = settle(gone, runs[1])
    assert judged.state == "failed"
    assert judged.ended_at == runs[1].last_at
    assert not gone.exists()


def test_an_ending_that_cannot_be_written_is_known_to_the_follower(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = _until_step_5(start([*TRAINING, ["sleep", 60]]))

    def full(_self: LineAppender, _line: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LineAppender, "append", full)
    supervisor.kill()

    events = supervisor.read()
    assert isinstance(events[-1], e.JobFailed)
    assert supervisor.ended
    assert supervisor.read() == []
    assert not _endings(supervisor.folder)


def test_the_reserve_is_there_while_a_worker_works_and_gone_afterwards(start: Start) -> None:
    supervisor = _until_step_5(start([*TRAINING, ["wait", "end"]]))
    assert (supervisor.folder / RESERVE_FILE).stat().st_size == RESERVE_BYTES

    send(supervisor.folder, "stop")
    assert supervisor.wait_for_end(20)

    assert not (supervisor.folder / RESERVE_FILE).exists()


@pytest.mark.parametrize("text", [DEEP, HUGE, '{"a":' * 100_000, "\\xff", "[]", ""])
def test_a_worker_file_that_says_nothing_sensible_names_no_worker(tmp_path: Path, text: str) -> None:
    (tmp_path / WORKER_FILE).write_text(text, "utf-8")
    assert not worker_lives(tmp_path)
    ours = {"host": platform.node(), "folder": str(tmp_path), "pid": 10**400, "started": 10**400}
    (tmp_path / WORKER_FILE).write_text(json.dumps(ours), "utf-8")
    assert not worker_lives(tmp_path)


@pytest.mark.parametrize("text", [DEEP, HUGE])
def test_an_export_note_that_says_nothing_sensible_is_no_export(tmp_path: Path, text: str) -> None:
    (tmp_path / "exports" / "x").mkdir(parents=True)
    (tmp_path / "exports" / "x" / "phitune-export.json").write_text(text, "utf-8")
    assert exports_of(tmp_path, Run()) == ()


@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_folder_in_place_of_a_file_holds_nothing_and_nobody_waits_for_it(make: Callable[[Path], None]) -> None:
    folder = create_run_folder(a_recipe(), a_plan(), "a")
    (folder / "exports" / "x").mkdir()
    for name in (EVENTS_FILE, LOG_FILE, WORKER_FILE, JOB_FILE, "exports/x/phitune-export.json"):
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    assert read_events(folder) == []
    assert log_tail(folder) == ""
    assert not worker_lives(folder)
    assert exports_of(folder, Run()) == ()
    assert [record.run.state for record in settled_runs()] == ["queued"]
    with pytest.raises(OSError, match=r"device|directory|plain"):
        LineAppender(folder / EVENTS_FILE)
    worker = subprocess.run([sys.executable, "-m", "phitune_gui", "--worker", str(folder)], capture_output=True, timeout=30, check=False)
    assert worker.returncode == 2
    assert b"Traceback" not in worker.stderr


def test_numbers_that_no_run_has_do_not_break_the_list() -> None:
    folder = create_run_folder(a_recipe(), a_plan(), "a")
    lines = [f'{{"event":"AttemptBegan","at":1e300,"attempt":1,"from_step":0,"pid":1{"0" * 300}}}', DEEP]
    (folder / EVENTS_FILE).write_text("\n".join(lines) + "\n", "utf-8")

    (record,) = settled_runs()

    assert 0 < record.made_at < 1e11


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)


FULL_DISK = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.mark.faults
@FULL_DISK
def test_on_a_full_disk_the_ending_still_has_room(start: Start, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        lines = [["emit", e.event_to_line(e.Warned(message="w" * 1500)).decode()]] * 20
        supervisor = _until_step_5(start([*TRAINING, ["sleep", 1.5], *lines, ["fail", "value"]], disk / "job"))
        _fill(disk / "filler")

        assert supervisor.wait_for_end(20)

        (ending,) = _endings(supervisor.folder)
        assert isinstance(ending, e.JobFailed)
        assert ending.kind == "disk_full"
        assert supervisor.run.failure == ending
        assert len(supervisor.run.warnings) < 20
    finally:
        subprocess.run(["umount", str(disk)], check=True)
