"""The ways to start as a person meets them on the Tune page, and what the card This run says of several processes."""

import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from phitune_gui.catalog.launchers import LAUNCHERS, Launcher
from phitune_gui.catalog.launchers.zero_settings import zero_settings
from phitune_gui.core.recipe import LauncherSection, Recipe
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.widgets.deepspeed_form import DeepSpeedForm
from phitune_gui.ui.widgets.launcher_card import LauncherCard
from tests.helpers.factories import a_recipe
from tests.ui.conftest import until
from tests.ui.tune import press, shown_page

Live = Callable[..., Any]


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
        assert [name for name, form in card.forms.items() if form.isVisible()] == ["processes", "nodes"]
        session.set_value("launcher.nodes", 3)
        assert card.forms["rendezvous"].isVisible()
        assert card.line.text() == "Several processes · 2 processes · 3 machines"
        session.undo()
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
        assert card.line("processes").text() == "2 × 20.5 GB"
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
        assert "20.5 GB each" in tile.here.text()

    live(story)


def test_a_problem_with_the_launcher_leads_to_the_ways_to_start(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        page, session = shown_page(window), window.session
        session.recipe = a_recipe()
        session.set_value("launcher", {"id": "single", "processes": 3})
        problem = "“One process” starts one process"
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
    card.show_recipe(Recipe(launcher=LauncherSection(id="sharing", processes=2, offload="cpu")))
    assert {"processes", "offload"} <= {name for name, form in card.forms.items() if form.isVisible()}
    card.show_recipe(Recipe(launcher=LauncherSection(id="ddp", processes=2)))
    assert not card.forms["offload"].isVisible()
    with qtbot.waitSignal(card.chosen) as chosen:
        press(card.tiles["sharing"])
    assert chosen.args == ["sharing"]
    card.show_recipe(Recipe(launcher=LauncherSection(id="unheard of")))
    assert card.line.text() == "unheard of"
    assert not any(tile.isChecked() for tile in card.tiles.values())
    card.show_recipe(Recipe(launcher=LauncherSection()))
    assert [id for id, tile in card.tiles.items() if tile.isChecked()] == ["single"]


def test_deepspeeds_json_is_shown_and_edited_and_wrong_keys_are_refused(qtbot: QtBot) -> None:
    form = DeepSpeedForm()
    qtbot.addWidget(form)
    form.show()
    section = LauncherSection(id="zero2", processes=2, deepspeed={"steps_per_print": 5})
    form.show_recipe(Recipe(launcher=section))
    assert json.loads(form.added.toPlainText()) == {"steps_per_print": 5}
    press(form.more)
    assert json.loads(form.told.toPlainText()) == zero_settings(Recipe(launcher=section), 2)

    for text, said in (
        ('{"steps_per_print": 5,', "Line 1 is no JSON yet"), ("[5]", "in braces"), ('{"wings": 2}', "does not know a DeepSpeed setting"),
        ('{"gradient_clipping": 2}', "because the recipe says it in"), ("[" * 100_000, "in braces"),
    ):  # fmt: skip
        with qtbot.waitSignal(form.wrong) as wrong:
            form.added.setPlainText(text)
        assert said in wrong.args[1]
        assert form.help.text() == wrong.args[1]
    with qtbot.waitSignal(form.edited) as edited:
        form.added.setPlainText('{"zero_optimization": {"overlap_comm": true}}')
    assert edited.args == ["launcher.deepspeed", {"zero_optimization": {"overlap_comm": True}}]
    assert "besides what the recipe says" in form.help.text()

    form.added.setPlainText("{")
    form.show_recipe(Recipe(launcher=section.model_copy(update={"deepspeed": edited.args[1], "offload": "cpu"})))
    assert form.added.toPlainText() == "{"  # another field was edited meanwhile
    form.show_recipe(Recipe())
    assert form.added.toPlainText() == ""


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
