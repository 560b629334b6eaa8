"""Imports the plotting library in small pieces between the window's events: as a whole it takes a quarter of a second."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from importlib import import_module
from threading import Thread

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QObject, QTimer

MODULE = "phitune_gui.ui.widgets.loss_plot"
_WITHOUT_QT = (
    "numpy", "numpy.typing", "xml.etree.ElementTree", "pydoc", "cProfile", "colorama", "ctypes.util", "mmap", "multiprocessing.connection",
    "cuda.bindings.driver", "cuda.bindings.runtime",
)  # fmt: skip
"""What pyqtgraph imports besides Qt, some of it only where it is installed; a thread may do that."""
_MORE_OF_QT = ("PySide6.QtSvg", "PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets", "PySide6.QtTest")
"""What else of Qt pyqtgraph imports, where it is installed."""
_NAMES_AT_ONCE = 20


def import_plot(parent: QObject) -> Future[None]:
    """Begins the import; the future is done when a plot can be made at once.

    Only this thread may touch Qt's classes: pyqtgraph reads every name of three Qt modules, PySide6 makes each class when it is first
    read, and doing that in a thread while the window reads them too ended in a segmentation fault.
    """
    imported: Future[None] = Future()
    rest = _pieces(imported)
    timer = QTimer(parent)

    def go_on() -> None:
        if next(rest, None) is None:
            timer.stop()

    timer.timeout.connect(go_on)
    timer.start(0)
    return imported


def import_plot_now() -> None:
    """The same in one go, where nobody waits."""
    import_module(MODULE)


def _pieces(imported: Future[None]) -> Iterator[bool]:
    """Does a few milliseconds of work before each yield."""
    helper = Thread(target=_import_without_qt, name="phitune-plot-import", daemon=True)
    helper.start()
    for module in (QtCore, QtGui, QtWidgets):
        names = dir(module)
        for start in range(0, len(names), _NAMES_AT_ONCE):
            for name in names[start : start + _NAMES_AT_ONCE]:
                getattr(module, name)
            yield True
    for more in _MORE_OF_QT:
        with suppress(ImportError):
            import_module(more)
        yield True
    while helper.is_alive():
        helper.join(0.002)
        yield True
    try:
        import_module(MODULE)
    except ImportError as error:
        imported.set_exception(error)
    else:
        imported.set_result(None)


def _import_without_qt() -> None:
    for module in _WITHOUT_QT:
        with suppress(ImportError):
            import_module(module)
