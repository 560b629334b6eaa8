"""Windows in tests: one loop each, and nothing may be left behind: no top-level widget, no thread, no task."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from qasync import QEventLoop

from phitune_gui.store.settings import Settings
from phitune_gui.ui.async_jobs import cancel_all
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.session import Session
from phitune_gui.ui.theme import Theme

Story = Callable[[MainWindow], Awaitable[Any]]


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication, no_child_left: None) -> Iterator[None]:
    """A test that leaves a widget or a thread behind has failed."""
    threads = set(threading.enumerate())
    yield
    for _ in range(5):
        qapp.sendPostedEvents(None, 52)  # deferred deletes
        qapp.processEvents()
    left = [widget for widget in qapp.topLevelWidgets() if widget.isVisible()]
    for widget in left:
        widget.deleteLater()
    assert not left, f"still shown: {left}"
    new = [thread for thread in threading.enumerate() if thread not in threads and thread.is_alive() and not thread.daemon]
    assert not new, f"still running: {new}"


@pytest.fixture
def live(qtbot: QtBot, qapp: QApplication) -> Callable[[Story], Any]:
    """Run a story in a real window over a real session: shown, told, closed, everything ended."""

    def tell(story: Story) -> Any:
        loop = QEventLoop(qapp)
        asyncio.set_event_loop(loop)
        theme, session = Theme(qapp, "light"), Session(Settings())
        window = MainWindow(session, theme)
        window.resize(1280, 800)
        window.show()
        try:
            with loop:
                try:
                    return loop.run_until_complete(story(window))
                finally:
                    session.rest()
                    loop.run_until_complete(cancel_all(loop))
                    session.close()
        finally:
            asyncio.set_event_loop(None)
            window.hide()
            window.deleteLater()
            session.deleteLater()
            theme.deleteLater()

    return tell


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait while the window goes on; fails with what was waited for."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain")
