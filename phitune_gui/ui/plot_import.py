"""Imports the plotting library beside the window: it takes a third of a second, and no slot may."""

from concurrent.futures import Future
from importlib import import_module
from threading import Thread

MODULE = "phitune_gui.ui.widgets.loss_plot"


def import_plot() -> Future[None]:
    """Begins the import in a thread; the future is done when a plot can be made at once."""
    imported: Future[None] = Future()
    # A daemon, so that closing the window in this third of a second does not wait for it.
    Thread(target=_import, args=(imported,), name="phitune-plot-import", daemon=True).start()
    return imported


def _import(imported: Future[None]) -> None:
    try:
        import_module(MODULE)
    except ImportError as error:
        imported.set_exception(error)
    else:
        imported.set_result(None)
