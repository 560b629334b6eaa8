"""Make it fit in the window: the ways side by side, one press makes all changes of the chosen one, and one undo takes them back."""

import asyncio
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from phitune_gui.planning.plan import make_plan
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.widgets.fit_dialog import FitDialog
from tests.helpers.factories import a_machine, a_model, a_recipe, a_report

Live = Callable[..., Any]


def press(button: QAbstractButton) -> None:
    """A click in the middle."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def show(window: MainWindow, memory_gb: float, **training: object) -> None:
    """Phi-3-mini and a hundred rows on a machine of this size."""
    session = window.session
    session.hardware, session.model, session.report = a_machine(memory_gb), a_model(), a_report()
    session.recipe = a_recipe(**training)
    session.plan = make_plan(session.recipe, session.model, session.report, session.hardware)
    session.recipe_changed.emit()
    session.plan_changed.emit()


def asked(window: MainWindow) -> FitDialog:
    """The dialog after a press on *Make it fit*."""
    press(window.run_card.fit)
    return next(dialog for dialog in window.findChildren(FitDialog) if dialog.isVisible())


def said(widget: QWidget) -> list[str]:
    """Every text in it."""
    return [label.text() for label in widget.findChildren(QLabel)]


def fits(window: MainWindow) -> bool:
    """Whether the recipe fits as it is now."""
    session = window.session
    memory = make_plan(session.recipe, session.model, session.report, session.hardware).memory
    return memory.total_bytes <= memory.available_bytes


def test_one_press_makes_all_changes_and_one_undo_takes_them_back(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        show(window, 9)
        before, offer = window.session.recipe, window.session.plan.make_it_fit
        assert len(offer) > 1
        dialog = asked(window)
        press(dialog.apply)
        assert not dialog.isVisible()
        assert fits(window)
        window.session.undo()
        assert window.session.recipe == before
        window.session.redo()
        assert fits(window)

    live(story)


def test_another_way_can_be_chosen(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        show(window, 18)
        plan = window.session.plan
        assert plan.other_ways_to_fit
        dialog = asked(window)
        assert dialog.chosen == plan.make_it_fit
        press(dialog.cards[1])
        assert dialog.chosen == plan.other_ways_to_fit[0]
        press(dialog.apply)
        recipe = window.session.recipe
        for change in plan.other_ways_to_fit[0]:
            section, _, field = change.field.partition(".")
            assert str(getattr(getattr(recipe, section), field)).lower() == change.value
        assert fits(window)

    live(story)


def test_changes_that_go_together_are_one_line_with_what_they_save_and_how_long_they_take(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        show(window, 18, dtype="bfloat16", micro_batch_size=8)
        dialog = asked(window)
        texts, offer = said(dialog), window.session.plan.make_it_fit
        assert f"Rows at a time: {offer[0].value} · Accumulate: {offer[1].value}" in texts
        assert sum("effective batch" in text for text in texts) == 1
        slower = next(text for text in said(dialog.cards[1]) if text.startswith("saves"))
        assert ", +" in slower
        dialog.reject()

    live(story)


def test_a_technique_is_named_as_its_card_names_it(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        show(window, 5)
        dialog = asked(window)
        assert any("Technique: QLoRA" in text for text in said(dialog))
        dialog.reject()

    live(story)


def test_nothing_is_offered_where_nothing_is_enough(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        show(window, 1)
        assert window.session.plan.blocked
        assert not window.run_card.fit.isVisible()
        assert any("Even with every saving" in text for text in said(window.run_card))

    live(story)


def test_on_a_low_screen_every_way_is_reached_and_the_buttons_stay(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        show(window, 7, micro_batch_size=16)
        dialog = asked(window)
        assert len(dialog.cards) == 3
        dialog.resize(dialog.width(), 300)
        await asyncio.sleep(0.05)
        assert in_sight(dialog.apply)
        assert not in_sight(dialog.cards[2])
        for card in dialog.cards:
            dialog.ways.verticalScrollBar().setValue(card.y())
            assert in_sight(card)
        dialog.reject()

    live(story)


def in_sight(widget: QWidget) -> bool:
    """Whether all of it is seen."""
    return widget.visibleRegion().boundingRect() == widget.rect()
