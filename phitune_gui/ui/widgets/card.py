"""A card: a bordered panel with an optional heading row and a column of content."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.ui.widgets.words import words


class Card(QFrame):
    """Put content into `body`; put buttons that belong to the heading into `head`."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(16, 14, 16, 14)
        self.body.setSpacing(10)
        self.head = QHBoxLayout()
        self.head.setSpacing(8)
        self.title = words(title, "heading")
        if title:
            self.head.addWidget(self.title)
            self.head.addStretch(1)
            self.body.addLayout(self.head)


def hairline() -> QFrame:
    """A thin line between parts of a card."""
    line = QFrame()
    line.setProperty("kind", "hairline")
    return line
