"""The font for Tamil that comes along: the document's own titles are Tamil, and many machines have no font for it."""

import logging

from PySide6.QtGui import QFontDatabase

from phitune_gui.files.resources import resource

TAMIL_FILES = ("NotoSansTamil-Regular.ttf", "NotoSansTamil-Bold.ttf")
_log = logging.getLogger(__name__)


def provide_tamil() -> None:
    """Lends the application our font where none of the system's can write Tamil; safe to call again."""
    if QFontDatabase.families(QFontDatabase.WritingSystem.Tamil):
        return
    for file in TAMIL_FILES:
        if QFontDatabase.addApplicationFont(str(resource("fonts", file))) == -1:
            _log.warning("Qt could not load the font %s", file)
