"""A training and its window: it is followed live, asked about when the window is closed, and found again by the next window."""

import asyncio
import errno
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from phitune_gui.core import events as e
from phitune_gui.jobs import control, supervisor
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.widgets.closing_question import ClosingQuestion
from tests.helpers.factories import a_machine, a_model, a_plan, a_recipe, a_report, a_training
from tests.ui.conftest import until

Live = Callable[..., Any]
WORKER = Path(__file__).parents[1] / "helpers" / "fake_worker.py"
UNTIL_STOPPED = [*(["emit", e.event_to_line(event).decode()] for event in a_training(5)[1:]), ["wait", "end"]]


@pytest.fixture(autouse=True)
def scripted_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is real and follows a script: five steps, then it waits to be stopped."""

    def command(folder: str) -> list[str]:
        (Path(folder) / "script.json").write_text(json.dumps(UNTIL_STOPPED), "utf-8")
        return [sys.executable, str(WORKER), folder]

    monkeypatch.setattr(supervisor, "worker_command", command)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.fixture(autouse=True)
def app_outlives_its_window(qapp: QApplication) -> Iterator[None]:
    """As app.py has it: the loop ends when everything is cancelled, not when the window goes."""
    qapp.setQuitOnLastWindowClosed(False)
    yield
    qapp.setQuitOnLastWindowClosed(True)


async def takes_its_time() -> None:
    """Ends some time after it was cancelled, as a call in a thread may."""
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("timer", ["_inspect_timer", "_plan_timer"])
def test_what_was_about_to_begin_when_the_window_went_does_not_begin(live: Live, caplog: pytest.LogCaptureFixture, timer: str) -> None:
    sessions = []

    async def story(window: MainWindow) -> None:
        session = window.session
        sessions.append(session)
        session.recipe, session.model, session.hardware, session.scenario = a_recipe(), a_model(), a_machine(), "memory"
        slow = asyncio.ensure_future(takes_its_time())
        await asyncio.sleep(0)
        assert not slow.done()
        getattr(session, timer).start(20)  # due while the loop waits for what it cancelled

    live(story)
    gc.collect()
    assert "Task was destroyed" not in caplog.text
    assert not sessions[0].inspecting


async def train(window: MainWindow) -> Path:
    """Press Start on a recipe that is ready, and wait for the steps."""
    session = window.session
    session.recipe, session.model, session.report = a_recipe(), a_model(), a_report()
    session.hardware, session.plan = a_machine(), a_plan()
    session.plan_changed.emit()
    QTest.mouseClick(window.run_card.start, Qt.MouseButton.LeftButton)
    await until(lambda: session.run is not None and session.run.step == 5)
    assert session.run_is_live
    assert session.run_folder is not None
    return session.run_folder


def question_of(window: MainWindow) -> ClosingQuestion:
    """The question that is being asked."""
    return next(question for question in window.findChildren(ClosingQuestion) if question.isVisible())


def test_start_shows_the_run_live_and_stop_ends_it(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        await train(window)
        assert window.page == "train"
        assert not window.run_card.start.isEnabled()
        assert window.rail.buttons["train"].mark_text == "50 %"
        assert window.status_line.bar.value() == 500

        session.stop_run()
        assert session.run is not None
        assert session.run.state == "stopping"
        await until(lambda: session.run is not None and session.run.ended)

        assert session.run.state == "stopped"
        assert not session.is_training

    live(story)


def test_a_request_that_cannot_be_written_down_is_said(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def story(window: MainWindow) -> None:
        session = window.session
        await train(window)
        monkeypatch.setattr(control, "send", full)

        session.stop_run()

        assert session.problem is not None
        assert "could not be asked to stop: no space left on device" in session.problem.what
        assert session.run is not None
        assert session.run.state != "stopping"
        session.kill_run()
        await until(lambda: session.run is not None and session.run.ended)

    live(story)


def test_a_second_start_is_refused_while_one_is_training(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        await train(window)
        window.session.start_run()
        assert window.session.problem is not None
        assert "running already" in window.session.problem.what
        window.session.stop_run()
        await until(lambda: not window.session.is_training)

    live(story)


def test_cancel_keeps_the_window_and_stop_closes_it_after_saving(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        closed: list[bool] = []
        window.closed.connect(lambda: closed.append(True))
        folder = await train(window)

        window.close()
        QTest.mouseClick(question_of(window).cancel, Qt.MouseButton.LeftButton)
        assert window.isVisible()
        assert not closed

        window.close()
        QTest.mouseClick(question_of(window).stop, Qt.MouseButton.LeftButton)
        await until(lambda: closed)

        ending = Supervisor(folder)
        ending.read()
        assert ending.run.state == "stopped"

    live(story)


@pytest.mark.filterwarnings("ignore:subprocess:ResourceWarning")  # leaving it running is the point
def test_a_training_that_was_kept_is_found_by_the_next_window(live: Live) -> None:
    folders: list[Path] = []

    async def first(window: MainWindow) -> None:
        closed: list[bool] = []
        window.closed.connect(lambda: closed.append(True))
        folders.append(await train(window))
        window.close()
        QTest.mouseClick(question_of(window).keep, Qt.MouseButton.LeftButton)
        await until(lambda: closed)

    async def second(window: MainWindow) -> None:
        session = window.session
        session.begin()
        await until(lambda: session.run is not None and session.run.step == 5)
        assert session.run_is_live
        assert session.run_folder == folders[0]
        session.stop_run()
        await until(lambda: session.run is not None and session.run.ended)

    live(first)
    gc.collect()
    assert Supervisor(folders[0]).alive
    live(second)


def test_the_recipe_of_a_run_can_be_used_again(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        folder = await train(window)
        control.send(folder, "stop")
        await until(lambda: not session.is_training)
        session.set_value("training.epochs", 9)

        await session.clone_recipe(folder)

        assert session.recipe.training == a_recipe().training
        session.undo()
        assert session.recipe.training.epochs == 9

    live(story)
