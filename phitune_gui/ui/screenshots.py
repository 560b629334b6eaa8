"""Renders every page of the window in its main states to PNG files: what we look at, and what tests look at for us."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from phitune_gui.store.settings import Settings
from phitune_gui.ui import showcase
from phitune_gui.ui.async_jobs import cancel_all
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.plot_import import import_plot_now
from phitune_gui.ui.session import Session
from phitune_gui.ui.theme import Theme, ThemeChoice

LARGE, SMALL = (1280, 800), (1024, 640)
SETTLE_SECONDS = 0.4
"""The plot is built after the window's first paint and redrawn at most twenty times a second."""

State = Callable[[Session, MainWindow], None]


def take_screenshots(app: QApplication, folder: Path, all_states: bool) -> list[Path]:
    """Write `page-state-theme-WIDTHxHEIGHT.png` files and return their paths; `all_states` adds the dark and the small ones.

    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    import_plot_now()  # else the first pictures of the Train page would show it waiting
    themes: tuple[ThemeChoice, ...] = ("light", "dark") if all_states else ("light",)
    sizes = (LARGE, SMALL) if all_states else (LARGE,)
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        written: list[Path] = loop.run_until_complete(_take_all(app, folder, themes, sizes))
        loop.run_until_complete(cancel_all(loop))
    asyncio.set_event_loop(None)
    return written


async def _take_all(app: QApplication, folder: Path, themes: tuple[ThemeChoice, ...], sizes: tuple[tuple[int, int], ...]) -> list[Path]:
    written = []
    for choice in themes:
        theme = Theme(app, choice)
        for page, states in showcase.STATES.items():
            for name, prepare in states.items():
                written += await _take(theme, page, name, prepare, folder, sizes)
        theme.deleteLater()
    return written


async def _take(theme: Theme, page: str, name: str, prepare: State, folder: Path, sizes: tuple[tuple[int, int], ...]) -> list[Path]:
    session = Session(Settings())
    window = MainWindow(session, theme)
    written = []
    try:
        window.show_page(page)
        window.show()
        prepare(session, window)
        for width, height in sizes:
            window.resize(width, height)
            await asyncio.sleep(SETTLE_SECONDS if page == "train" else SETTLE_SECONDS / 4)
            path = folder / f"{page}-{name}-{theme.tokens.name}-{width}x{height}.png"
            if not window.grab().save(str(path)):
                raise OSError(f"The picture {path} could not be written.")
            written.append(path)
    finally:
        session.rest()
        await cancel_all(asyncio.get_running_loop())  # what still asks would answer a session that is gone
        window.hide()
        window.deleteLater()
        session.close()
        session.deleteLater()
    return written
