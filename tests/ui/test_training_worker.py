"""The thread that follows a training says how it ends, whatever goes wrong."""

import errno
import sqlite3
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from phitune_gui.core import events as e
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.ui.training_worker import TrainingWorker


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CannotStart("data", "There are no rows.", "Choose others."), "There are no rows."),
        (OSError(errno.ENOSPC, "No space left on device", "/home/run"), "The disk that holds /home/run is full."),
        (OSError(errno.EIO, "Input/output error"), "The training could not be started: input/output error."),
        (sqlite3.OperationalError("database is locked"), "The training could not be started: database is locked."),
        (KeyError(), "The training could not be started: KeyError."),
    ],
)
def test_whatever_keeps_a_training_from_starting_is_a_refusal(qtbot: QtBot, error: Exception, words: str) -> None:
    def begin() -> Supervisor:
        raise error

    worker = TrainingWorker(begin)
    with qtbot.waitSignal(worker.refused) as refused:
        worker.start()

    (problem,) = refused.args
    assert isinstance(problem, Problem)
    assert problem.what == words
    assert problem.how_to_fix
    worker.leave()


def test_a_training_that_can_no_longer_be_read_ends_with_a_failure(qtbot: QtBot, tmp_path: Path) -> None:
    class Unreadable(Supervisor):
        def read(self) -> list[e.Event]:
            raise OSError(errno.EIO, "Input/output error", "/home/run/events.jsonl")

    worker = TrainingWorker(lambda: Unreadable(tmp_path))
    batches: list[list[e.Event]] = []
    worker.events_arrived.connect(batches.append)
    with qtbot.waitSignals([worker.begun, worker.events_arrived, worker.ended], order="strict"):
        worker.start()

    ((failure,),) = batches
    assert isinstance(failure, e.JobFailed)
    assert failure.message == "The window lost sight of the training: input/output error (/home/run/events.jsonl)."
    worker.leave()
