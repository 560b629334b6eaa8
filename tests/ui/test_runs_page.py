"""The Runs page: found, opened and used again by mouse and keyboard."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from phitune_gui.core import events as e
from phitune_gui.core.run import Run, apply_all
from phitune_gui.ui import stories
from phitune_gui.ui.pages.runs_page import RunsPage
from phitune_gui.ui.run_titles import elided
from phitune_gui.ui.tables.runs_model import Column
from phitune_gui.ui.theme import Theme
from tests.helpers.fake_session import FakeSession


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def empty(qtbot: QtBot, session: FakeSession) -> RunsPage:
    made = RunsPage(session)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(816, 716)
    made.show()
    return made


@pytest.fixture
def page(empty: RunsPage, session: FakeSession) -> RunsPage:
    session.runs = (
        stories.record(stories.finished_run(), "support-answers", "qlora", made_at=1_795_500_000),
        stories.record(stories.stopped_run(), "tone-labels", made_at=1_795_400_000),
        stories.record(stories.failed_run(), "lyrics", "dora", made_at=1_795_300_000),
    )
    session.runs_changed.emit()
    return empty


def press(qtbot: QtBot, button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def column(page: RunsPage, which: Column) -> list[str]:
    model = page.table.model()
    return [model.index(row, which).data() for row in range(model.rowCount())]


def click(qtbot: QtBot, page: RunsPage, row: int, double: bool = False) -> None:
    place = page.table.visualRect(page.table.model().index(row, Column.NAME)).center()
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    if double:
        qtbot.mouseDClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_an_empty_list_says_what_to_do(qtbot: QtBot, empty: RunsPage, session: FakeSession) -> None:
    assert empty.empty.isVisible()
    assert not empty.table.isVisible()

    with qtbot.waitSignal(session.page_requested) as asked:
        press(qtbot, empty.empty.buttons["home"])
    assert asked.args == ["home"]


def test_every_run_says_what_it_was_and_how_it_ended(page: RunsPage) -> None:
    assert page.subtitle.text() == "3 runs on this machine, newest first."
    assert column(page, Column.NAME) == ["support-answers", "tone-labels", "lyrics"]
    assert column(page, Column.MODEL) == ["Phi-3-mini-4k-instruct"] * 3
    assert column(page, Column.TECHNIQUE) == ["qlora · r16", "lora · r16", "dora · r16"]
    assert column(page, Column.STATE) == ["finished", "stopped", "failed"]
    assert column(page, Column.LOSS) == ["1.13", "1.19", "1.26"]
    assert column(page, Column.SPENT) == ["42 min", "25 min", "20 min"]


def test_a_run_without_a_name_is_called_by_what_was_trained(page: RunsPage, session: FakeSession) -> None:
    session.runs = (stories.record(stories.finished_run(), ""),)
    session.runs_changed.emit()

    assert column(page, Column.NAME) == ["Phi-3-mini-4k-instruct, LoRA"]
    assert elided("Phi-3-mini-4k-instruct, LoRA", 15) == "Phi-3-m…t, LoRA"


def test_the_loss_is_drawn_small(qtbot: QtBot, page: RunsPage, qapp: object) -> None:
    theme = Theme(qapp, "light")  # type: ignore[arg-type]
    qtbot.wait(20)
    picture: QImage = page.table.viewport().grab(page.table.visualRect(page.table.model().index(0, Column.CURVE))).toImage()
    found = [picture.pixelColor(x, y) for x in range(picture.width()) for y in range(picture.height())]
    theme.deleteLater()

    assert sum(colour.blue() - colour.red() > 100 for colour in found) > 30


def test_nothing_is_chosen_at_first(page: RunsPage) -> None:
    assert not page.open.isEnabled()
    assert not page.clone.isEnabled()


@pytest.mark.parametrize("way", ["button", "double click", "enter"])
def test_a_run_opens_on_the_train_page(qtbot: QtBot, page: RunsPage, session: FakeSession, way: str) -> None:
    with qtbot.waitSignal(session.page_requested) as asked:
        click(qtbot, page, 1, double=way == "double click")
        if way == "button":
            press(qtbot, page.open)
        elif way == "enter":
            qtbot.keyClick(page.table, Qt.Key.Key_Return)

    assert asked.args == ["train"]
    assert session.asked == [("show_run", session.runs[1].path)]


def test_a_recipe_is_used_again(qtbot: QtBot, page: RunsPage, session: FakeSession) -> None:
    click(qtbot, page, 2)

    press(qtbot, page.clone)

    assert session.asked == [("clone_recipe", session.runs[2].path)]


def test_search_keeps_the_runs_with_all_words(qtbot: QtBot, page: RunsPage) -> None:
    qtbot.keyClicks(page.search, "phi-3 STOPPED")
    assert column(page, Column.NAME) == ["tone-labels"]

    qtbot.keyClicks(page.search, " nothing")
    assert column(page, Column.NAME) == []
    assert page.nothing.isVisible()

    page.search.clear()
    assert len(column(page, Column.NAME)) == 3
    assert not page.nothing.isVisible()


def test_a_column_is_ordered_by_its_number_and_not_by_its_text(qtbot: QtBot, page: RunsPage) -> None:
    header = page.table.horizontalHeader()
    place = header.sectionViewportPosition(Column.SPENT) + 10

    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, 8))

    assert column(page, Column.SPENT) == ["20 min", "25 min", "42 min"]


def test_the_chosen_run_stays_chosen_when_the_list_changes(qtbot: QtBot, page: RunsPage, session: FakeSession) -> None:
    click(qtbot, page, 1)
    session.runs = (stories.record(stories.running_run(), "contracts", made_at=1_795_600_000), *session.runs)
    session.runs_changed.emit()

    chosen = page.table.record()
    assert chosen is not None
    assert chosen.recipe.name == "tone-labels"
    assert page.open.isEnabled()


def test_names_stay_readable_in_the_smallest_window(qtbot: QtBot, page: RunsPage) -> None:
    page.resize(560, 540)
    qtbot.wait(50)

    assert page.table.columnWidth(Column.NAME) >= 140
    assert page.widget().width() <= page.viewport().width()


def test_only_a_broken_off_run_can_be_resumed(qtbot: QtBot, page: RunsPage, session: FakeSession) -> None:
    click(qtbot, page, 0)
    assert not page.resume.isEnabled()
    click(qtbot, page, 1)
    press(qtbot, page.resume)
    assert session.asked[-1] == ("resume_from", session.runs[1].path)


def test_a_run_that_went_too_far_says_so_when_it_is_chosen(qtbot: QtBot, page: RunsPage, session: FakeSession) -> None:
    judged = e.Evaluated(step=225, loss=2.9, rows=120, tokens=9000)
    ended = e.JobFinished(artifacts={"adapter": "adapter"})
    far = apply_all(Run(), [*stories.began(), *stories.trained(225), judged, ended])
    session.runs = (stories.record(far, "too-far", made_at=1_795_600_000), *session.runs)
    session.runs_changed.emit()

    click(qtbot, page, 0)
    assert page.judged.isVisible()
    assert "learned its rows by heart" in page.judged.text()
    assert "(“Epochs” = 2.8)" in page.judged.text().replace("\u00a0", " ")
    click(qtbot, page, 1)
    assert not page.judged.isVisible()
