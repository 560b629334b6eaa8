"""A job whose worker cannot be started is a sentence and leaves no folder."""

from pathlib import Path

import pytest

from phitune_gui.core.job import ProbeJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.jobs.launch import start_job, start_training
from phitune_gui.store.paths import jobs_folder
from tests.helpers.factories import a_model, a_plan, a_recipe


@pytest.fixture(autouse=True)
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phitune_gui.jobs.supervisor.worker_command", lambda what: ["/nowhere/at/all", what])


def test_a_training_that_cannot_be_started_leaves_no_run(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="could not be started"):
        start_training(a_recipe(), a_plan(), a_model(), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_another_job_that_cannot_be_started_leaves_no_folder() -> None:
    with pytest.raises(CannotStart, match="could not be started"):
        start_job(ProbeJob())

    assert list(jobs_folder().iterdir()) == []
