"""The Tune page as a person meets it: presets, and the ways to train side by side."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from phitune_gui.catalog.presets import PRESETS
from phitune_gui.catalog.scenarios import SCENARIOS
from phitune_gui.catalog.techniques import TECHNIQUES, technique
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.widgets import technique_picker
from tests.helpers.factories import a_machine
from tests.ui.conftest import until
from tests.ui.tune import pick, press, shown_page

Live = Callable[..., Any]


def test_a_preset_is_one_undo_step_and_says_why(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        before = session.recipe
        pick(page.presets.box, "olive")
        assert session.recipe.training.max_steps == 150
        assert session.recipe.technique.options["rank"] == 64
        assert page.presets.told.isVisible()
        assert "150 steps" in page.presets.why.text()
        assert "olive-ort-example" in page.presets.source.text()
        session.undo()
        assert session.recipe == before
        assert not page.presets.told.isVisible()
        assert page.presets.box.currentIndex() == -1
        session.redo()
        assert page.presets.told.isVisible()
        session.set_value("training.epochs", 1.5)
        assert page.presets.box.currentIndex() == -1

    live(story)


def test_a_preset_that_does_not_fit_is_shown_as_advice(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        session.hardware = a_machine(8)
        session.apply_preset("microsoft-sample")
        assert page.presets.told.property("box") == "advice"
        assert "8.0 GB are free" in page.presets.why.text()
        session.apply_preset("recommended")
        assert "QLoRA, because LoRA does not fit here" in page.presets.why.text()
        session.hardware = a_machine(2)
        session.apply_preset("recommended")
        assert "Nothing fits this machine" in page.presets.why.text()

    live(story)


def test_every_preset_and_scenario_can_be_picked(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page = shown_page(window)
        for box, offered in ((page.presets.box, PRESETS), (page.advice.box, SCENARIOS)):
            assert [box.itemData(place) for place in range(box.count())] == [each.id for each in offered]

    live(story)


def test_the_wheel_picks_nothing(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, before = shown_page(window), window.session.recipe
        for box in (page.presets.box, page.advice.box):
            box.setFocus()
            buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
            turn = QWheelEvent(QPointF(9, 9), QPointF(9, 9), QPoint(), QPoint(0, -120), buttons, keys, Qt.ScrollPhase.NoScrollPhase, False)
            QApplication.sendEvent(box, turn)
            assert box.currentIndex() == -1
        assert window.session.recipe == before

    live(story)


def test_the_chosen_technique_is_told_in_full_and_the_others_in_a_line(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        picker = page.techniques
        for offered in TECHNIQUES:
            session.set_value("technique", {"id": offered.id})
            assert picker.detail.when.text() == offered.when
            assert picker.detail.costs.text() == offered.costs
            assert picker.tiles[offered.id].isChecked()
            assert picker.tiles[offered.id].isVisible()
        assert "can be exported to ONNX" in picker.detail.can.text()

    live(story)


def test_the_form_is_not_buried_and_the_rest_is_one_press_away(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page = shown_page(window)
        picker = page.techniques
        assert sum(tile.isVisible() for tile in picker.tiles.values()) == min(technique_picker.FIRST, len(TECHNIQUES))
        await until(lambda: picker.height() < 400)
        press(picker.more)
        assert all(tile.isVisible() for tile in picker.tiles.values())

    live(story)


def test_arrow_keys_walk_through_the_techniques(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page = shown_page(window)
        window.activateWindow()
        await until(window.isActiveWindow, 3)
        first, second = list(page.techniques.tiles.values())[:2]
        await until(lambda: first.width() > 50)
        first.setFocus()
        QTest.keyClick(first, Qt.Key.Key_Right)
        assert window.session.recipe.technique.id == second.id

    live(story)


@pytest.mark.parametrize("again", [False, True])
def test_choosing_the_chosen_technique_keeps_its_options(live: Live, again: bool) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        session.set_value("technique.rank", 8)
        press(page.techniques.tiles["lora" if again else "dora"])
        assert session.recipe.technique.options.get("rank") == (8 if again else None)
        assert technique(session.recipe.technique.id).label == page.techniques.detail.title.text()

    live(story)
