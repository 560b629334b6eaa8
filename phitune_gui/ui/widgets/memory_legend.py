"""The legend below a bar of parts: each part's colour, name and amount, as many on a line as there is room for."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.figures import bytes_text
from phitune_gui.ui.widgets.flow_row import FlowRow
from phitune_gui.ui.widgets.memory_bar import Part, part_colour
from phitune_gui.ui.widgets.words import words

SIDE = 8


class _Swatch(QWidget):
    """The colour of the part at this place of the bar."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self._place = place
        self.setFixedSize(SIDE, SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRectF(self.rect()), QColor(part_colour(current_tokens(), self._place)))
        painter.end()


class _Entry(QWidget):
    """Swatch, name and amount."""

    def __init__(self, part: Part, place: int) -> None:
        super().__init__()
        self.setObjectName("plain")
        self.text = f"{part.label} {bytes_text(part.amount)}"
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 6, 0)
        row.setSpacing(5)
        row.addWidget(_Swatch(place))
        row.addWidget(words(self.text, "small"))


class MemoryLegend(QWidget):
    """Shows the parts that the bar shows; the bar itself is described for screen readers, so this is not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self._row = FlowRow(self, spacing=4)
        self._entries: list[_Entry] = []
        self._shown: tuple[Part, ...] | None = None

    @property
    def texts(self) -> list[str]:
        """What the legend says, entry by entry."""
        return [entry.text for entry in self._entries]

    def show_parts(self, parts: Sequence[Part]) -> None:
        """One entry for each part; nothing is built anew where nothing changed."""
        if self._shown == tuple(parts):
            return
        self._shown = tuple(parts)
        for entry in self._entries:
            self._row.removeWidget(entry)
            entry.hide()
            entry.deleteLater()
        self._entries = [_Entry(part, place) for place, part in enumerate(parts)]
        for entry in self._entries:
            self._row.addWidget(entry)
            entry.show()
        self.setVisible(bool(self._entries))
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        return self._row.minimumSize()
