"""The frame of every page: a title, a quiet line under it and one scrolling column of content."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

from phitune_gui.ui.theme import PAGE_WIDTH
from phitune_gui.ui.widgets.words import words


class PageFrame(QScrollArea):
    """Put content into `column`; it is never wider than is good to read and starts at the leading edge."""

    def __init__(self, title: str, subtitle: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAccessibleName(title)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.title = words(title, "title")
        self.subtitle = words(subtitle, "quiet", wrap=True)
        ground, inner = QWidget(), QWidget()
        ground.setObjectName("pageGround")
        inner.setObjectName("plain")
        inner.setMaximumWidth(PAGE_WIDTH)
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(0, 22, 0, 24)
        self.column.setSpacing(14)
        head = QVBoxLayout()
        head.setSpacing(6)
        head.setContentsMargins(0, 0, 0, 4)
        self.about = words("", "quiet")
        self.about.hide()
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self.title)
        line.addWidget(self.about, 1, Qt.AlignmentFlag.AlignBottom)
        head.addLayout(line)
        head.addWidget(self.subtitle)
        self.column.addLayout(head)
        row = QHBoxLayout(ground)
        row.setContentsMargins(26, 0, 16, 0)  # the scroll bar takes the rest of the room
        row.setSizeConstraint(QLayout.SizeConstraint.SetDefaultConstraint)
        row.addWidget(inner, 1)
        row.addStretch(0)
        self.setWidget(ground)

    def tell_about(self, about: str, tip: str = "") -> None:
        """Says beside the title what the page is about now, such as the shown run; nothing when it is empty."""
        self.about.setText(about)
        self.about.setToolTip(tip)
        self.about.setVisible(bool(about))

    def say(self, subtitle: str) -> None:
        """Changes the quiet line under the title."""
        self.subtitle.setText(subtitle)
