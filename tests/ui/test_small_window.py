"""The window at 1024 x 640: what a person must read first is read without scrolling, and no words are cut."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QLabel, QWidget

from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.export_page import ExportPage
from phitune_gui.ui.pages.home_page import HomePage
from phitune_gui.ui.pages.runs_page import RunsPage
from phitune_gui.ui.pages.tune_page import TunePage
from phitune_gui.ui.showcase import STATES
from phitune_gui.ui.tables.runs_model import Column
from tests.ui.conftest import until

Live = Callable[..., Any]
PADDING = 19
"""Left and right of a headline, in the style sheet."""


async def shown(window: MainWindow, page: str) -> QWidget:
    """The page, laid out in the small window."""
    window.resize(1024, 640)
    window.show_page(page)
    await asyncio.sleep(0.1)
    return window.stack.currentWidget()


def is_whole(label: QLabel) -> bool:
    """Whether every line of the label's words has room in it."""
    needed = label.fontMetrics().boundingRect(0, 0, label.width(), 10_000, int(Qt.TextFlag.TextWordWrap), label.text())
    return needed.width() <= label.width() and needed.height() <= label.height()


def is_in_sight(widget: QWidget) -> bool:
    """Whether all of it is seen without scrolling."""
    return widget.visibleRegion().boundingRect() == widget.rect()


@pytest.fixture(params=["en_GB", "ta_IN"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield request.param
    QLocale.setDefault(before)


def test_every_caption_of_a_scenario_is_whole(language: str, live: Live) -> None:
    async def story(window: MainWindow) -> None:
        home = await shown(window, "home")
        assert isinstance(home, HomePage)
        labels = [label for tile in home.scenarios.tiles.values() for label in tile.findChildren(QLabel)]
        assert len(labels) == 18
        assert [label.text() for label in labels if not is_whole(label)] == []

    live(story)


@pytest.mark.parametrize("state", ["ready", "cannot", "advised", "launchers"])
def test_every_card_on_tune_is_whole_and_ends_with_its_words(state: str, live: Live) -> None:
    async def story(window: MainWindow) -> None:
        STATES["tune"][state](window.session, window)
        page = await shown(window, "tune")
        assert isinstance(page, TunePage)
        page.techniques.more.setChecked(True)
        cards = [*page.techniques.tiles.values(), *page.advice.cards, *page.launchers.tiles.values()]
        labels = [label for card in cards if card.isVisible() for label in card.findChildren(QLabel) if label.isVisible()]
        assert len(labels) >= 2 * len(TECHNIQUES)
        await until(lambda: all(is_whole(label) for label in labels), 5)
        for tile in page.techniques.tiles.values():
            said, in_full = tile.line.text(), tile.toolTip()
            assert in_full.startswith(said)
            assert said
            assert in_full[len(said) :][:1] in (",", ".", ":", ";")

    live(story)


@pytest.mark.parametrize(("page", "state"), [("data", "problem"), ("tune", "cannot")])
def test_what_blocks_start_is_read_with_its_cure_before_anything_else(live: Live, page: str, state: str) -> None:
    async def story(window: MainWindow) -> None:
        STATES[page][state](window.session, window)
        await shown(window, page)
        boxes = window.run_card.problems.boxes
        assert boxes
        assert all(is_in_sight(box) for box in boxes)
        assert all(is_in_sight(button) for button in (window.run_card.start, window.run_card.fit) if button.isVisible())
        assert "Problem." not in "".join(box.accessibleName() for box in window.run_card.advice.boxes)

    live(story)


@pytest.mark.parametrize(("state", "verdict"), [("not-verified", "Not verified"), ("verified", "Verified")])
def test_the_verdict_on_an_export_is_seen_without_scrolling(live: Live, state: str, verdict: str) -> None:
    async def story(window: MainWindow) -> None:
        STATES["export"][state](window.session, window)
        page = await shown(window, "export")
        assert isinstance(page, ExportPage)
        assert page.report.verdict.text() == verdict
        assert all(is_in_sight(label) for label in (page.report.verdict, page.report.why, page.report.place))
        assert not page.targets.visibleRegion().boundingRect().height()
        page.another.click()
        assert is_in_sight(page.choice_title)

    live(story)


def test_a_job_that_begins_or_ends_is_brought_into_sight(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        STATES["export"]["ready"](window.session, window)
        page = await shown(window, "export")
        assert isinstance(page, ExportPage)
        for state, told in (("running", page.progress), ("not-verified", page.report.verdict)):
            page.verticalScrollBar().setValue(page.verticalScrollBar().maximum())
            STATES["export"][state](window.session, window)
            await asyncio.sleep(0.1)
            assert is_in_sight(told)

    live(story)


@pytest.mark.parametrize("size", [(1024, 640), (1280, 800)], ids=["small", "large"])
def test_every_headline_of_the_runs_is_whole_and_a_cut_model_is_told(live: Live, size: tuple[int, int]) -> None:
    async def story(window: MainWindow) -> None:
        STATES["runs"]["list"](window.session, window)
        page = await shown(window, "runs")
        assert isinstance(page, RunsPage)
        window.resize(*size)
        await asyncio.sleep(0.1)
        header, model = page.table.horizontalHeader(), page.table.model()
        for column in Column:
            title = model.headerData(column, Qt.Orientation.Horizontal)
            assert header.fontMetrics().horizontalAdvance(title) + PADDING <= header.sectionSize(column), title
        told = model.index(0, Column.MODEL).data(Qt.ItemDataRole.ToolTipRole)
        assert told == "/models/Phi-3-mini-4k-instruct"
        assert size == (1024, 640) or header.length() <= page.table.viewport().width()

    live(story)


def test_the_names_of_recent_runs_are_whole(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        STATES["home"]["recent"](window.session, window)
        page = await shown(window, "home")
        assert isinstance(page, HomePage)
        assert page.view.columnWidth(0) >= page.view.sizeHintForColumn(0)
        window.resize(1280, 800)
        await asyncio.sleep(0.1)
        assert not any(page.view.isColumnHidden(column) for column in range(5))

    live(story)
