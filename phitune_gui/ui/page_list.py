"""The pages of the window in the order of the rail; a page's code is loaded when it is first shown."""

from importlib import import_module
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from phitune_gui.ui.widgets.rail import Entry

_CLASSES = {
    "home": "HomePage", "model": "ModelPage", "data": "DataPage", "tune": "TunePage", "train": "TrainPage", "export": "ExportPage",
    "chat": "ChatPage", "runs": "RunsPage",
}  # fmt: skip


def entries() -> tuple[Entry, ...]:
    """The rail's entries; the journey is numbered."""
    return (
        Entry("home", _tr("Home"), "home", "Ctrl+0"),
        Entry("model", _tr("1 Model"), "model", "Ctrl+1", gap=True),
        Entry("data", _tr("2 Data"), "data", "Ctrl+2"),
        Entry("tune", _tr("3 Tune"), "tune", "Ctrl+3"),
        Entry("train", _tr("4 Train"), "train", "Ctrl+4"),
        Entry("export", _tr("5 Export"), "export", "Ctrl+5"),
        Entry("chat", _tr("6 Chat"), "chat", "Ctrl+6"),
        Entry("runs", _tr("Runs"), "runs", "Ctrl+8", gap=True),
    )


def make_page(page: str, session: Any) -> QWidget:
    """A new page of this id on the session."""
    module = import_module(f"phitune_gui.ui.pages.{page}_page")
    made = getattr(module, _CLASSES[page])(session)
    assert isinstance(made, QWidget)
    return made


def _tr(text: str) -> str:
    return QCoreApplication.translate("PageList", text)
