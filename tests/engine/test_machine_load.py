"""What other programs take of the processors is told apart from what this process takes."""

import subprocess
import sys
import time

import psutil
import pytest

from phitune_gui.engine.machine_load import others_seconds

SPIN = "import time; end = time.process_time() + 30\nwhile time.process_time() < end: pass"


def took(seconds: float) -> float:
    """What other programs take in so many seconds."""
    before = others_seconds()
    time.sleep(seconds)
    return others_seconds() - before


def test_another_program_at_work_is_counted() -> None:
    other = subprocess.Popen([sys.executable, "-c", SPIN])
    try:
        watched, before = psutil.Process(other.pid), 0.0
        while sum(watched.cpu_times()[:2]) < 0.2:  # it has begun to work
            time.sleep(0.05)
        before = sum(watched.cpu_times()[:2])
        seen = took(1.0)
        own_share = sum(watched.cpu_times()[:2]) - before
    finally:
        other.kill()
        other.wait()

    assert own_share > 0.1
    assert seen > own_share - 0.1


def test_own_work_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the system says as on a machine where nobody else works: three seconds in all, and they were this process's own."""
    process = psutil.Process()
    machine = psutil.cpu_times()
    monkeypatch.setattr(psutil, "cpu_times", lambda: machine)
    before = others_seconds()
    own = process.cpu_times()
    used = own._replace(user=own.user + 3.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda: machine._replace(user=machine.user + 3.0, idle=machine.idle + 40.0))
    monkeypatch.setattr(psutil.Process, "cpu_times", lambda _process: used)

    assert others_seconds() - before == pytest.approx(0.0, abs=0.2)
