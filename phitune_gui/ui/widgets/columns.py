"""Widgets side by side in as many columns as the page has room for, below one another when it is narrow."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget


class Columns(QWidget):
    """Add widgets with `add`; `least` is the width in pixels that a column must have to stand beside another one."""

    def __init__(self, most: int, least: int, spacing: int = 12, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self._most, self._least, self._across = most, least, 0
        self._widgets: list[tuple[QWidget, int, bool]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(spacing)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def add(self, widget: QWidget, stretch: int = 1, wide: bool = False) -> None:
        """Adds a widget; a `wide` one has a line for itself. `stretch` shares out the width of the first line's columns."""
        self._widgets.append((widget, stretch, wide))
        self._place(self._across or self._most)

    def minimumSizeHint(self) -> QSize:
        """As narrow as the widest single widget: the columns give way."""
        width = max((widget.minimumSizeHint().width() for widget, _stretch, _wide in self._widgets), default=0)
        return QSize(min(width, self._least), self._grid.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lays the widgets out anew when another number of columns fits."""
        super().resizeEvent(event)
        gap = self._grid.horizontalSpacing()
        across = max(1, min(self._most, (event.size().width() + gap) // (self._least + gap)))
        if across != self._across:
            self._place(across)
            self.updateGeometry()

    def _place(self, across: int) -> None:
        self._across = across
        for column in range(self._most):
            self._grid.setColumnStretch(column, 0)
        row = column = 0
        for widget, stretch, wide in self._widgets:
            self._grid.removeWidget(widget)
            if wide and column:
                row, column = row + 1, 0
            self._grid.addWidget(widget, row, column, 1, across if wide else 1)
            self._grid.setColumnStretch(column, max(stretch, self._grid.columnStretch(column)))
            column = across if wide else column + 1
            if column >= across:
                row, column = row + 1, 0
