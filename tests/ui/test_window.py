"""The window as a person meets it: what is dropped, typed and pressed, and what is shown then."""

import asyncio
import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QSpinBox, QWidget

from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.run import Export
from phitune_gui.store.recipes import save_recipe
from phitune_gui.store.runs import create_run_folder
from phitune_gui.ui import stories
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.home_page import HomePage
from phitune_gui.ui.pages.tune_page import TunePage
from phitune_gui.ui.showcase import STATES
from tests.helpers.factories import a_plan, a_recipe
from tests.helpers.tiny_phi3 import write_tiny_phi3
from tests.ui.conftest import until

Live = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_phi3(tmp_path_factory.mktemp("models") / "tiny", max_position_embeddings=2048, original_max_position_embeddings=2048)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "fragen தமிழ்.jsonl"
    rows = [{"question": f"What is {number} and one?", "answer": f"It makes {number + 1}, friend."} for number in range(40)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def drop(window: MainWindow, *paths: Path) -> None:
    """What Qt sends when files are let go over the window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, buttons, keys = QPointF(400, 300), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    assert window.veil.isVisible()
    QApplication.sendEvent(window, QDropEvent(where, Qt.DropAction.CopyAction, mime, buttons, keys))
    assert not window.veil.isVisible()


def window_words(window: QWidget) -> str:
    """Every word that is shown."""
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def test_a_dropped_model_and_dataset_make_start_possible(live: Live, model: Path, data: Path) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        assert not window.run_card.start.isEnabled()
        drop(window, model)
        await until(lambda: session.model is not None and session.model.usable)
        drop(window, data)
        await until(lambda: session.report is not None and session.preview is not None and session.plan.steps)
        await until(lambda: window.run_card.start.isEnabled())
        assert window.page == "data"
        assert session.report is not None
        assert session.report.kept == 40

    live(story)


def test_dropped_recipes_and_runs_open(live: Live, model: Path, data: Path, tmp_path: Path) -> None:
    recipe = a_recipe(str(model), str(data), epochs=2)
    save_recipe(recipe, tmp_path / "mine.phitune.yaml")
    folder = create_run_folder(recipe, a_plan(), "tiny", tmp_path / "runs")

    async def story(window: MainWindow) -> None:
        drop(window, tmp_path / "mine.phitune.yaml")
        await until(lambda: window.session.recipe.training.epochs == 2)
        drop(window, folder)
        await until(lambda: window.session.run_folder == folder)
        await until(lambda: window.page == "train")

    live(story)


def test_a_run_that_was_trained_here_is_opened_with_its_own_exports(live: Live, model: Path, data: Path, tmp_path: Path) -> None:
    folder = create_run_folder(a_recipe(str(model), str(data)), a_plan(), "tiny", tmp_path / "runs")

    async def story(window: MainWindow) -> None:
        session = window.session
        session.live_folder, session.live_run = folder, stories.finished_run()
        session.run, session.run_folder = stories.stopped_run(), tmp_path
        session.exports = (Export(target="onnx-cpu-int8", path="exports/onnx-cpu-int8"),)
        await session.show_run(folder)
        assert session.exports == ()
        assert session.run_title == "tiny, LoRA"

    live(story)


def test_the_card_follows_an_edit_within_150_ms(live: Live, model: Path, data: Path) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        session.open_paths([model, data])
        await until(lambda: session.report is not None and session.plan.steps)
        await asyncio.sleep(0.3)
        steps = session.plan.steps
        window.show_page("tune")
        await asyncio.sleep(0.1)
        changed: list[float] = []
        session.plan_changed.connect(lambda: changed.append(time.perf_counter()))

        began = time.perf_counter()
        session.set_value("training.micro_batch_size", 1)
        await until(lambda: session.plan.steps != steps)

        assert changed[-1] - began < 0.3  # 150 ms of waiting, and room for a busy machine
        assert session.plan.steps > steps
        session.undo()
        await until(lambda: session.plan.steps == steps)
        session.redo()
        await until(lambda: session.plan.steps > steps)

    live(story)


def test_while_machines_are_waited_for_nothing_looks_half_done(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        STATES["train"]["waiting"](window.session, window)
        bar = window.status_line.bar
        assert bar.isVisible()
        assert (bar.maximum(), bar.value()) == (1000, 0)
        assert window.status_line.label.text() == "Training support-answers · waiting for 2 other machines to join"
        assert window.run_card.start.text() == "Waiting…"

    live(story)


def test_the_status_line_names_an_export_as_its_card_does(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        STATES["export"]["running"](window.session, window)
        assert window.status_line.label.text() == "Exporting ONNX for the CPU, int8 · building the ONNX model"

    live(story)


def test_the_keyboard_reaches_every_page(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        window.activateWindow()
        await until(window.isActiveWindow, 3)
        for key, page in zip("01234568", ("home", "model", "data", "tune", "train", "export", "chat", "runs"), strict=True):
            QTest.keyClick(window, getattr(Qt.Key, f"Key_{key}"), Qt.KeyboardModifier.ControlModifier)
            await until(lambda page=page: window.page == page, 3)

    live(story)


def test_typing_in_the_form_changes_the_recipe(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        window.show_page("tune")
        await asyncio.sleep(0.1)
        boxes = [box for box in window.findChildren(QSpinBox) if box.isVisible() and "Rank" in box.accessibleName()]
        box = boxes[0]
        box.setFocus()
        box.selectAll()
        QTest.keyClicks(box, "8")
        QTest.keyClick(box, Qt.Key.Key_Return)
        await until(lambda: window.session.recipe.technique.options.get("rank") == 8, 3)

    live(story)


def test_a_value_that_cannot_be_used_blocks_start_until_it_is_mended(live: Live, model: Path, data: Path) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        session.open_paths([model, data])
        await until(lambda: session.can_start)
        window.show_page("tune")
        tune = window.findChild(TunePage)
        epochs = tune.training.rows["epochs"].editor.widget
        epochs.setFocus()
        epochs.selectAll()
        QTest.keyClicks(epochs, "abc")
        assert not window.run_card.start.isEnabled()
        await asyncio.sleep(0.05)
        assert "a number above 0, up to 100" in window_words(window.run_card)
        session.start_run()
        assert session.live_run is None
        epochs.selectAll()
        QTest.keyClicks(epochs, "2")
        assert window.run_card.start.isEnabled()
        QTest.keyClick(epochs, Qt.Key.Key_Return)
        assert session.recipe.training.epochs == 2

    live(story)


def test_a_refusal_moves_nothing_under_the_mouse(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        window.show_page("tune")
        await asyncio.sleep(0.05)
        tune = window.findChild(TunePage)
        before = tune.training.mapTo(window, QPoint())
        window.session.refuse(Problem(where="x", what="It is not possible. " * 20, how_to_fix="Do something else."))
        await asyncio.sleep(0.05)
        assert window.refusal.isVisible()
        assert window.refusal.height() >= window.refusal.heightForWidth(window.refusal.width())
        assert tune.training.mapTo(window, QPoint()) == before

    live(story)


def test_start_is_the_main_button_only_where_it_comes_next(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        stressed = []
        for page in ("home", "model", "data", "tune", "train", "export", "chat", "runs"):
            window.show_page(page)
            if window.run_card.start.property("kind") == "primary":
                stressed.append(page)
        assert stressed == ["model", "data", "tune"]

    live(story)


def test_a_new_recipe_is_in_the_menu_and_can_be_undone(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        session.set_value("name", "mine")
        entry = next(action for action in window.menu.actions() if action.text() == "New recipe")
        entry.trigger()
        assert session.recipe == Recipe()
        assert window.page == "home"
        session.undo()
        assert session.recipe.name == "mine"

    live(story)


def test_a_long_name_leaves_room_for_the_rest_of_a_recent_run(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        window.resize(1024, 640)
        window.show_page("home")
        window.session.runs = (stories.record(stories.finished_run(), "long-name-" * 8),)
        window.session.runs_changed.emit()
        await asyncio.sleep(0.1)
        view = window.findChild(HomePage).view
        header = view.horizontalHeader()
        assert header.length() <= view.viewport().width()
        assert header.sectionSize(4) >= view.sizeHintForColumn(4)
        assert header.sectionSize(0) >= 120
        assert view.textElideMode() == Qt.TextElideMode.ElideMiddle

    live(story)


def test_a_scan_is_awaited_while_the_window_goes_on(live: Live, model: Path) -> None:
    async def story(window: MainWindow) -> None:
        ticks: list[float] = []
        timer = QTimer(interval=20)
        timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
        timer.start()
        window.session.add_model_folder(str(model.parent))
        await until(lambda: any(found.path == str(model) for found in window.session.models))
        timer.stop()
        gaps = [later - earlier for earlier, later in pairwise(ticks)]
        assert len(ticks) > 3
        assert max(gaps) < 0.3

    live(story)


def test_fifty_starts_and_exits_leave_no_task(live: Live) -> None:
    for _ in range(50):
        left: list[asyncio.AbstractEventLoop] = []

        async def story(window: MainWindow, left: list[asyncio.AbstractEventLoop] = left) -> None:
            window.session.begin()
            left.append(asyncio.get_running_loop())
            await asyncio.sleep(0)

        live(story)
        assert left[0].is_closed()
        assert not asyncio.all_tasks(left[0])


def test_every_control_has_a_name(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        nameless: list[str] = []
        for page in ("home", "model", "data", "tune", "train", "export", "chat", "runs"):
            window.show_page(page)
            await asyncio.sleep(0.05)
            for widget in window.findChildren(QWidget):
                text = widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""
                named = widget.accessibleName() or text or widget.toolTip()
                inner = widget.objectName().startswith("qt_") or widget.parent() is None
                if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not inner and not named:
                    nameless.append(f"{page}: {type(widget).__name__} {widget.objectName()}")
        assert not nameless

    live(story)


def test_a_path_of_an_unknown_persons_home_is_refused_in_words(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        window.session.open_paths(["~nobody-of-this-name/rows.jsonl"])
        assert window.session.problem is not None
        assert "~nobody-of-this-name" in window.session.problem.what

    live(story)
