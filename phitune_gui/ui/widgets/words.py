"""Labels in the few kinds of text the window knows."""

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

Kind = Literal["body", "title", "heading", "strong", "quiet", "small", "key", "value", "good", "bad", "wrong", "advice", "brand", "pill"]


def words(text: str = "", kind: Kind = "body", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A label of plain text; `selectable` by mouse and keyboard where people want to copy."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("kind", kind)
    if wrap:
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if selectable:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def set_kind(widget: QWidget, kind: str) -> None:
    """Gives a widget another kind of look while it is shown."""
    if widget.property("kind") != kind:
        widget.setProperty("kind", kind)
        restyle(widget)


def restyle(widget: QWidget) -> None:
    """Applies the style sheet again after a property changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
