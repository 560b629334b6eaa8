"""Scenarios as a person meets them: chosen on Home or on Tune, ranked, and taken with what they change."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from phitune_gui.catalog.scenarios import SCENARIOS, Scenario
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.recipe import with_value
from phitune_gui.ui.field_titles import field_title
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.home_page import HomePage
from phitune_gui.ui.pages.tune_page import TunePage
from phitune_gui.ui.widgets import advice_card
from phitune_gui.ui.widgets.place_dialog import PlaceDialog
from tests.helpers.factories import a_machine
from tests.ui.conftest import until
from tests.ui.tune import pick, press, shown_page

Live = Callable[..., Any]


def test_a_scenario_ranks_the_techniques_and_a_press_chooses_one(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        pick(page.advice.box, "memory")
        await until(lambda: page.advice.cards)
        cards = page.advice.cards
        assert len(cards) == len(TECHNIQUES) + 2
        assert sum(card.isVisible() for card in cards) == advice_card.FIRST
        assert "GB of the 64.0 GB that are free" in cards[0].accessibleDescription()
        assert any("corrected this to Yes" in card.accessibleDescription() for card in cards)
        press(page.advice.more)
        assert all(card.isVisible() for card in cards)
        assert [card.place.technique for card in cards if not card.isCheckable()] == ["deepspeed", "zero"]
        chosen = next(card for card in cards if card.place.technique == "dora")
        page.ensureWidgetVisible(chosen)
        press(chosen)
        assert session.recipe.technique.id == "dora"
        assert page.techniques.detail.title.text() == "DoRA"

    live(story)


async def advised(page: TunePage, technique: str) -> advice_card.PlaceCard:
    """The technique's place in the ranking for little memory, in sight."""
    pick(page.advice.box, "memory")
    await until(lambda: page.advice.cards)
    page.advice.more.setChecked(True)
    return next(card for card in page.advice.cards if card.place.technique == technique)


@pytest.mark.parametrize("agree", [True, False])
def test_a_place_that_needs_changes_lists_them_before_it_is_taken_in_one_step(live: Live, agree: bool) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        session.hardware, before = a_machine(20), session.recipe
        card = await advised(page, "dora")
        press(card)
        await until(lambda: window.findChild(PlaceDialog))
        dialog = window.findChild(PlaceDialog)
        said = [label.text() for label in dialog.findChildren(QLabel)]
        assert "DoRA fits into this machine's memory with these changes:" in said
        assert card.place.changes
        for change in card.place.changes:
            assert f"{field_title(change.field)}: {change.value}" in said
        assert session.recipe == before  # nothing is changed before the person agrees
        press(dialog.apply if agree else dialog.cancel)
        if agree:
            assert session.recipe.technique.id == "dora"
            for change in card.place.changes:
                assert with_value(session.recipe, change.field, change.value) == session.recipe
            session.undo()
        assert session.recipe == before
        assert not session.history.can_undo
        lora = next(card for card in page.advice.cards if card.place.technique == "lora")
        await until(lora.isChecked)

    live(story)


def test_what_is_no_technique_leads_to_the_ways_to_start(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        before = session.recipe
        card = await advised(page, "zero")
        await until(lambda: card.height() > 30)
        press(card)
        assert page.launchers.inside.isVisible()
        await until(lambda: page.launchers.visibleRegion().boundingRect().height() > 100)
        assert session.recipe == before
        assert "how a run is started" in card.accessibleDescription()

    live(story)


def test_a_chosen_scenario_shows_both_titles_and_what_the_order_goes_by(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page = shown_page(window)
        await advised(page, "lora")
        assert page.advice.whole.text() == "Reducing memory usage · மெமரி பயன்பாட்டை குறைத்தல்"
        assert "Ordered by memory." in page.advice.assumed.text()
        assert page.advice.assumed.isVisible()

    live(story)


def test_in_tamil_the_tables_own_titles_come_first(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, home = shown_page(window), window.findChild(HomePage)
        assert isinstance(home, HomePage)
        for place, each in enumerate(SCENARIOS):
            assert page.advice.box.itemText(place) == each.title_ta
            tile = home.scenarios.tiles[each.id]
            assert tile.toolTip() == f"{each.title_ta}\n{each.title}"
            assert each.title_ta in [label.text() for label in tile.findChildren(QLabel)]

    before = QLocale()
    QLocale.setDefault(QLocale("ta_IN"))
    try:
        live(story)
    finally:
        QLocale.setDefault(before)


@pytest.mark.parametrize("each", SCENARIOS, ids=lambda each: each.id)
def test_a_press_on_home_opens_tune_with_that_scenario(live: Live, each: Scenario) -> None:
    async def story(window: MainWindow) -> None:
        page, home = shown_page(window), window.findChild(HomePage)
        assert isinstance(home, HomePage)
        window.show_page("home")
        tile = home.scenarios.tiles[each.id]
        await until(lambda: tile.width() > 50)
        press(tile)
        assert page.isVisible()
        assert page.advice.box.currentData() == each.id
        await until(lambda: page.advice.cards)

    live(story)


def test_advice_follows_the_machine_and_says_what_it_assumed(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        session.model = None
        session.hardware = a_machine(200)
        session.choose_scenario("chat")
        await until(lambda: page.advice.cards)
        assert "until a model is chosen" in page.advice.assumed.text()
        assert page.advice.assumed.isVisible()
        places = [card.place for card in page.advice.cards if card.place.can_be_chosen]
        assert [place.technique for place in places if not place.works_here] == ["full"]  # its checkpoints do not fit the disk
        session.hardware = a_machine(2)
        session.plan_changed.emit()
        await until(lambda: not any(card.place.works_here for card in page.advice.cards))

    live(story)


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return])
def test_a_scenario_is_chosen_by_keyboard(live: Live, key: Qt.Key) -> None:
    async def story(window: MainWindow) -> None:
        page, home = shown_page(window), window.findChild(HomePage)
        assert isinstance(home, HomePage)
        window.show_page("home")
        tile = home.scenarios.tiles["qa"]
        assert tile.focusPolicy() & Qt.FocusPolicy.TabFocus
        QTest.keyClick(tile, key)
        assert page.isVisible()
        assert page.advice.box.currentData() == "qa"

    live(story)
