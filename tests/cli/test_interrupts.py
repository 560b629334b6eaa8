"""Ctrl-C once saves and stops, twice ends at once, however quickly the second follows; no worker is left unattended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from phitune_gui.cli import main
from phitune_gui.cli.follow import Interrupted
from phitune_gui.cli.interrupts import counted_interrupts
from phitune_gui.core import events as e
from phitune_gui.core.job import ProbeJob, job_to_json
from phitune_gui.core.names import JOB_FILE
from phitune_gui.core.run import Run
from phitune_gui.jobs.worker_file import worker_lives
from phitune_gui.store.runs import read_events
from tests.helpers.factories import a_training

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")

ROOT = Path(__file__).resolve().parents[2]
TRAINING = [["emit", e.event_to_line(event).decode()] for event in a_training(5)[1:]]
FOLLOW = """
import os, signal, sys
from pathlib import Path
from phitune_gui.cli import follow as cli
from phitune_gui.cli.train import ending
from phitune_gui.jobs import supervisor

worker, folder, presses = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
supervisor.worker_command = lambda what: [sys.executable, worker, what]
send = cli.send
def send_and_press_again(*arguments):
    for _ in range(presses - 1):
        os.kill(os.getpid(), signal.SIGINT)
    return send(*arguments)
cli.send = send_and_press_again
job = supervisor.Supervisor(folder)
job.start()
try:
    cli.follow(job, quiet=True)
except cli.Interrupted as interruption:
    print(ending(interruption.run))
    sys.exit(130)
"""
START = """
import os, signal, sys
from pathlib import Path
from phitune_gui.cli import follow as cli
from phitune_gui.jobs import supervisor

worker, folder = sys.argv[1], Path(sys.argv[2])
supervisor.worker_command = lambda what: [sys.executable, worker, what]

def start():
    job = supervisor.Supervisor(folder)
    job.start()
    os.kill(os.getpid(), signal.SIGINT)
    return job

signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    cli.start_and_follow(start, quiet=True)
except cli.Interrupted:
    sys.exit(130)
"""


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Ctrl-C is heard, also where the tests themselves run as a script's background job, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _press(folder: Path, script: list[list[object]], presses: int) -> tuple[int, str]:
    """Exit code and words of a followed job whose person presses Ctrl-C at step 5, and again while the first is being obeyed."""
    (folder / JOB_FILE).write_text(job_to_json(ProbeJob()), "utf-8")
    (folder / "script.json").write_text(json.dumps(script), "utf-8")
    command = [sys.executable, "-c", FOLLOW, str(ROOT / "tests" / "helpers" / "fake_worker.py"), str(folder), str(presses)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as cli:
        while not any(isinstance(event, e.StepLogged) and event.step == 5 for event in read_events(folder)) and cli.poll() is None:
            time.sleep(0.02)
        cli.send_signal(signal.SIGINT)
        words, errors = cli.communicate(timeout=60)
    assert "Traceback" not in errors
    return cli.returncode, words.strip()


def test_one_ctrl_c_saves_and_stops(tmp_path: Path) -> None:
    code, words = _press(tmp_path, [*TRAINING, ["wait", "end"]], presses=1)

    assert code == 130
    assert words == "Stopped and saved at step 5 of 10."


def test_two_quick_ctrl_c_end_the_worker_and_say_whose_doing_it_was(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "step-000004").mkdir(parents=True)

    code, words = _press(tmp_path, [*TRAINING, ["sleep", 60]], presses=2)

    assert code == 130
    assert not worker_lives(tmp_path)
    assert words == "The worker was ended at once at step 5 of 10, by Ctrl-C. The checkpoint of step 4 is safe."


def test_a_ctrl_c_while_the_job_is_being_started_ends_it_too(tmp_path: Path) -> None:
    (tmp_path / JOB_FILE).write_text(job_to_json(ProbeJob()), "utf-8")
    (tmp_path / "script.json").write_text(json.dumps([*TRAINING, ["wait", "end"]]), "utf-8")
    command = [sys.executable, "-c", START, str(ROOT / "tests" / "helpers" / "fake_worker.py"), str(tmp_path)]

    started = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert started.returncode == 130, started.stderr
    assert not worker_lives(tmp_path)
    assert isinstance(read_events(tmp_path)[-1], e.JobFinished)


def test_a_count_within_a_count_is_the_same_one() -> None:
    with counted_interrupts() as outer:
        os.kill(os.getpid(), signal.SIGINT)
        with counted_interrupts() as inner:
            assert inner is outer
        os.kill(os.getpid(), signal.SIGINT)
        assert outer.count >= 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_old_handler_comes_back_and_an_ignored_ctrl_c_stays_ignored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with counted_interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.count >= 1
    assert signal.getsignal(signal.SIGINT) is before

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with counted_interrupts():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_called_off_job_is_one_json_object_and_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_arguments: object) -> None:
        raise Interrupted(Run())

    monkeypatch.setattr("phitune_gui.cli.starter.start_and_follow", interrupted)
    assert main(["starter", "--json"]) == 130
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "called off" in json.loads(out)["error"]["what"]
