"""The frame of every page: a title, a quiet line under it, one scrolling column of content, and what stays in sight below it."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

from phitune_gui.ui.theme import PAGE_WIDTH
from phitune_gui.ui.widgets.words import words


class PageFrame(QScrollArea):
    """Put content into `column`; it is never wider than is good to read and starts at the leading edge."""

    def __init__(self, title: str, subtitle: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._below: QWidget | None = None
        self._ledge = QFrame(self)
        self._ledge.setObjectName("ledge")
        self._ledge.hide()
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

    def keep_below(self, widget: QWidget) -> None:
        """Keeps the widget in sight under the column, however far that is scrolled; its room is free while it is hidden."""
        self._below = widget
        widget.setMaximumWidth(PAGE_WIDTH)
        row = QHBoxLayout(self._ledge)
        row.setContentsMargins(26, 10, 16, 12)
        row.addWidget(widget, 1)
        row.addStretch(0)
        widget.installEventFilter(self)
        self._place_foot()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Makes room for what stands below, as it comes and goes."""
        if watched is self._below and event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent, QEvent.Type.LayoutRequest):
            self._place_foot()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keeps it at the lower edge."""
        super().resizeEvent(event)
        self._place_foot()

    def _place_foot(self) -> None:
        shown = self._below is not None and not self._below.isHidden()
        height = self._ledge.sizeHint().height() if shown else 0
        self._ledge.setVisible(shown)
        self.setViewportMargins(0, 0, 0, height)
        self._ledge.setGeometry(self.viewport().x(), self.height() - height, self.viewport().width(), height)
