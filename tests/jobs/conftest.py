"""Jobs run with the scripted engine inside a real worker process."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phitune_gui.core.job import Job, ProbeJob, job_to_json
from phitune_gui.core.names import CONTROL_FILE, JOB_FILE
from phitune_gui.jobs.supervisor import Supervisor

FAKE_WORKER = Path(__file__).parents[1] / "helpers" / "fake_worker.py"

Script = list[list[Any]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], Supervisor]:
    """Start a scripted worker in a folder of its own."""
    monkeypatch.setattr("phitune_gui.jobs.supervisor.worker_command", lambda what: [sys.executable, str(FAKE_WORKER), what])

    def begin(script: Script, folder: Path = tmp_path / "job", job: Job | None = None) -> Supervisor:
        folder.mkdir(exist_ok=True)
        control = folder / CONTROL_FILE
        job = job or ProbeJob(control_from=control.stat().st_size if control.exists() else 0)
        (folder / JOB_FILE).write_text(job_to_json(job), "utf-8")
        (folder / "script.json").write_text(json.dumps(script), "utf-8")
        supervisor = Supervisor(folder)
        supervisor.start()
        return supervisor

    return begin
