"""A row of widgets that continues on the next line when the page is narrow; what trails stands together at the far edge."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowRow(QLayout):
    """Add widgets with `addWidget`, and those for the far edge with `add_trailing`."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 8) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._trailing: list[QWidget] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def add_trailing(self, widget: QWidget) -> None:
        """Adds a widget that stands at the far edge of its line."""
        self._trailing.append(widget)
        self.addWidget(widget)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def insert_at(self, index: int, widget: QWidget) -> None:
        """Adds a widget before the one at `index`."""
        self.addWidget(widget)
        self._items.insert(index, self._items.pop())

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        lines = self._lines(width)
        return sum(self._height(line) for line in lines) + self.spacing() * max(len(lines) - 1, 0)

    def sizeHint(self) -> QSize:
        shown = self._shown()
        width = sum(item.sizeHint().width() for item in shown) + self.spacing() * max(len(shown) - 1, 0)
        return QSize(width, self._height(shown))

    def minimumSize(self) -> QSize:
        shown = self._shown()
        return QSize(max((item.minimumSize().width() for item in shown), default=0), self._height(shown))

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        top = rect.top()
        for line in self._lines(rect.width()):
            height = self._height(line)
            self._place(line, QRect(rect.left(), top, rect.width(), height))
            top += height + self.spacing()

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _height(self, line: list[QLayoutItem]) -> int:
        return max((item.sizeHint().height() for item in line), default=0)

    def _lines(self, width: int) -> list[list[QLayoutItem]]:
        lines: list[list[QLayoutItem]] = []
        used = 0
        shown = self._shown()
        trailing = [item for item in shown if item.widget() in self._trailing]
        together = sum(item.sizeHint().width() + self.spacing() for item in trailing) - self.spacing()
        for item in shown:
            wanted = item.sizeHint().width()
            needed = together if item in trailing[:1] and together <= width else wanted
            if not lines or used + self.spacing() + needed > width:
                lines.append([])
                used = wanted
            else:
                used += self.spacing() + wanted
            lines[-1].append(item)
        return lines

    def _place(self, line: list[QLayoutItem], rect: QRect) -> None:
        widths = [item.sizeHint().width() for item in line]
        spare = rect.width() - sum(widths) - self.spacing() * (len(line) - 1)
        owner = self.parentWidget()
        rtl = owner is not None and owner.layoutDirection() == Qt.LayoutDirection.RightToLeft
        at, pushed = 0, False
        for item, width in zip(line, widths, strict=True):
            if not pushed and item.widget() in self._trailing:
                at, pushed = at + max(spare, 0), True
            size = QSize(min(width, rect.width()), item.sizeHint().height())
            left = rect.right() + 1 - at - size.width() if rtl else rect.left() + at
            item.setGeometry(QRect(QPoint(left, rect.top() + (rect.height() - size.height()) // 2), size))
            at += width + self.spacing()
