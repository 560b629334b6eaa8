"""The window at 1024 x 640: what a person must read first is read without scrolling, and no words are cut."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QLabel, QWidget

from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.home_page import HomePage

Live = Callable[..., Any]


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
