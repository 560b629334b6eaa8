"""The Tune page as a person meets it: presets, advice, and the ways to train side by side."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from phitune_gui.catalog.launchers import LAUNCHERS, Launcher
from phitune_gui.catalog.presets import PRESETS
from phitune_gui.catalog.scenarios import SCENARIOS, Scenario
from phitune_gui.catalog.techniques import TECHNIQUES, technique
from phitune_gui.core.recipe import LauncherSection, with_value
from phitune_gui.ui.field_titles import field_title
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.home_page import HomePage
from phitune_gui.ui.pages.tune_page import TunePage
from phitune_gui.ui.widgets import advice_card, technique_picker
from phitune_gui.ui.widgets.launcher_card import LauncherCard
from phitune_gui.ui.widgets.pick_box import PickBox
from phitune_gui.ui.widgets.place_dialog import PlaceDialog
from tests.helpers.factories import a_machine, a_model, a_recipe, a_report
from tests.ui.conftest import until

Live = Callable[..., Any]


def shown_page(window: MainWindow) -> TunePage:
    """The page, for Phi-3-mini and a hundred rows on a machine of 64 GB."""
    session = window.session
    session.hardware, session.model, session.report = a_machine(64), a_model(), a_report()
    session.hardware_changed.emit()
    window.show_page("tune")
    page = window.findChild(TunePage)
    assert isinstance(page, TunePage)
    return page


def press(button: QAbstractButton) -> None:
    """A click in the middle."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def pick(box: PickBox, data: str) -> None:
    """Opens the list by keyboard and walks to the entry."""
    box.setFocus()
    place = box.findData(data)
    box.setCurrentIndex(place - 1 if place else -1)
    QTest.keyClick(box, Qt.Key.Key_Down)


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


def test_ways_to_start_are_folded_away_and_one_press_shows_them(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page = shown_page(window)
        card = page.launchers
        assert card.line.text() == "One process"
        assert not card.inside.isVisible()
        press(card.more)
        assert [tile.id for tile in card.tiles.values() if tile.isVisible()] == [offered.id for offered in LAUNCHERS]
        assert not any(form.isVisible() for form in card.forms.values())

    live(story)


def test_choosing_several_processes_is_one_undo_step_and_so_is_the_way_back(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        card, before = page.launchers, session.recipe
        press(card.more)
        page.ensureWidgetVisible(card)
        press(card.tiles["ddp"])
        assert (session.recipe.launcher.id, session.recipe.launcher.processes) == ("ddp", 2)
        assert card.line.text() == "Several processes · 2 processes"
        assert [name for name, form in card.forms.items() if form.isVisible()] == ["processes"]
        press(card.tiles["single"])
        assert (session.recipe.launcher.id, session.recipe.launcher.processes) == ("single", 1)
        session.undo()
        assert session.recipe.launcher.processes == 2
        session.undo()
        assert session.recipe == before
        assert card.tiles["single"].isChecked()

    live(story)


def test_this_run_shows_the_parts_of_memory_and_how_many_processes(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session, card = shown_page(window), window.session, window.run_card
        session.recipe = a_recipe()
        session.set_value("name", "a")
        await until(lambda: card.legend.texts)
        assert not card.line("processes").isVisible()
        assert "Borrowed layers" not in str(card.legend.texts)
        page.launchers.chosen.emit("fsdp2")
        await until(lambda: "Borrowed layers" in str(card.legend.texts))
        assert card.line("processes").text() == "2 × 20.1 GB"
        assert card.line("processes").isVisible()
        assert card.line("batch").text() == "2 × 4 × 1 = 8"

    live(story)


def test_a_way_to_start_that_the_technique_forbids_is_grey_and_says_why(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        card = page.launchers
        press(card.more)
        session.set_value("technique", {"id": "qlora"})
        tile = card.tiles["fsdp2"]
        await until(lambda: not tile.isEnabled())
        assert tile.not_here.isVisible()
        assert "Only what was shown to learn the same" in tile.here.text()
        assert "Only what was shown to learn the same" in tile.accessibleDescription()
        press(tile)
        assert session.recipe.launcher.id == "single"
        session.undo()
        await until(tile.isEnabled)
        assert "20.1 GB each" in tile.here.text()

    live(story)


def test_a_problem_with_the_launcher_leads_to_the_ways_to_start(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        session.recipe = a_recipe()
        session.set_value("launcher", {"id": "single", "processes": 3})
        problem = "The launcher single starts one process"
        await until(lambda: any(problem in each.what for each in session.plan.problems))
        window.show_page("home")
        window.run_card.problem_opened.emit("launcher.processes")
        assert page.isVisible()
        assert page.launchers.inside.isVisible()
        press(page.launchers.tiles["single"])  # the chosen one again mends what does not suit it
        await until(lambda: not any(problem in each.what for each in session.plan.problems))

    live(story)


def test_what_a_launcher_heeds_can_be_set_beside_it(qtbot: QtBot) -> None:
    sharing = Launcher("sharing", "Shares", "All of it.", several=True, shares=True)
    card = LauncherCard((*LAUNCHERS, sharing))
    qtbot.addWidget(card)
    card.show()
    press(card.more)
    assert card.tiles["sharing"].isVisible()
    card.show_section(LauncherSection(id="sharing", processes=2, offload="cpu"))
    assert {"processes", "offload"} <= {name for name, form in card.forms.items() if form.isVisible()}
    card.show_section(LauncherSection(id="ddp", processes=2))
    assert not card.forms["offload"].isVisible()
    with qtbot.waitSignal(card.chosen) as chosen:
        press(card.tiles["sharing"])
    assert chosen.args == ["sharing"]
    card.show_section(LauncherSection(id="unheard of"))
    assert card.line.text() == "unheard of"


def test_arrow_keys_walk_through_the_ways_to_start(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page = shown_page(window)
        window.activateWindow()
        await until(window.isActiveWindow, 3)
        press(page.launchers.more)
        first = page.launchers.tiles["single"]
        await until(lambda: first.width() > 50)
        first.setFocus()
        QTest.keyClick(first, Qt.Key.Key_Down)
        assert window.session.recipe.launcher.id == "ddp"

    live(story)
