"""Builds every long-lived object of the window once, wires them and runs the one event loop; the only file that knows them all."""

import asyncio
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import psutil
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from phitune_gui.core.names import EXIT_DONE
from phitune_gui.core.problem import Problem
from phitune_gui.store.settings import load_settings
from phitune_gui.ui.async_jobs import cancel_all
from phitune_gui.ui.collector import Collector
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.session import Session
from phitune_gui.ui.theme import Theme

_log = logging.getLogger(__name__)


def run_window(paths: list[str], exit_when_shown: bool, screenshots: Path | None, all_states: bool, as_json: bool) -> int:
    """Opens the window with `paths` loaded as if dropped and returns the exit code when it is closed.

    `screenshots` renders pages into that folder instead; `exit_when_shown` leaves as soon as the window is interactive.
    """
    if screenshots is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from phitune_gui.ui.screenshots import take_screenshots

        written = take_screenshots(_application(), screenshots, all_states)
        _tell(as_json, {"screenshots": [str(path) for path in written]})
        return EXIT_DONE
    app = _application()
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    settings = load_settings()
    theme = Theme(app, settings.theme)
    session = Session(settings)
    window = MainWindow(session, theme)
    collector = Collector(window)
    previous, sys.excepthook = sys.excepthook, _hook(session)
    try:
        with loop:
            try:
                times = loop.run_until_complete(live(loop, window, paths, exit_when_shown))
            finally:
                session.close()
    finally:
        collector.close()
        sys.excepthook = previous
        asyncio.set_event_loop(None)
    if exit_when_shown:
        _tell(as_json, times)
    return EXIT_DONE


def render_loss(run_folder: Path, png: Path) -> int:
    """Draws the loss plot of a run folder into a picture, 1200 x 640, without a screen."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = _application()
    Theme(app, "light")
    from phitune_gui.store.runs import open_run
    from phitune_gui.ui.widgets.loss_plot import LossPlot

    plot = LossPlot()
    plot.show_run(open_run(run_folder).run)
    plot.to_png(png, 1200, 640)
    plot.deleteLater()
    return EXIT_DONE


async def live(loop: asyncio.AbstractEventLoop, window: MainWindow, paths: list[str], exit_when_shown: bool) -> dict[str, float]:
    """The window's whole life: shown, at work, closed, everything cancelled. Returns when it was shown, in seconds from the start."""
    painted, closed = _FirstPaint(window), asyncio.Event()
    window.closed.connect(closed.set)
    window.show()
    await painted.seen.wait()
    first_paint = since_start()
    window.session.begin()
    window.session.open_paths(paths)
    await asyncio.sleep(0)
    interactive = since_start()
    if exit_when_shown:
        window.close()
    await closed.wait()
    window.session.rest()
    await cancel_all(loop)
    return {"first_paint_seconds": round(first_paint, 3), "interactive_seconds": round(interactive, 3)}


def since_start() -> float:
    """Seconds since this process was started."""
    return time.time() - psutil.Process().create_time()


class _FirstPaint(QObject):
    """Sets `seen` when the window was painted for the first time."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.seen = asyncio.Event()
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            self.seen.set()
        return False


def _application() -> QApplication:
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(["phitune"])
    app.setApplicationName("PhiTune")
    app.setDesktopFileName("phitune")
    app.setQuitOnLastWindowClosed(False)
    return app


def _hook(session: Session) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """Errors that nobody caught are logged and shown: the window goes on."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log.error("An error in the window", exc_info=(kind, error, trace))
        where = "".join(traceback.format_exception(kind, error, trace)[-2:])
        what = session.tr("Something went wrong in the window: {error}").format(error=f"{kind.__name__}: {error}")
        session.refuse(Problem(where=where, what=what, how_to_fix=session.tr("Your work is kept. Try again, or start PhiTune anew.")))

    return show


def _tell(as_json: bool, result: object) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
