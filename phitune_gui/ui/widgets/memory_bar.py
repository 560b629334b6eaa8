"""A bar of stacked parts against a limit: memory part by part, or disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from phitune_gui.ui.theme import Tokens, current_tokens
from phitune_gui.ui.widgets.figures import bytes_text


@dataclass(frozen=True)
class Part:
    """One part of the bar, in bytes."""

    label: str
    amount: float


_LEAST = 0.01
"""Parts below this share of all would be less than two pixels wide, and their names more than there is room for."""


_LEAST_EXCESS = 5
"""Pixels of what is beyond the limit, however little it is."""


def gathered(parts: Sequence[Part], others: str) -> tuple[Part, ...]:
    """The parts that can be seen, in order, and the rest as one named `others`; a single small part keeps its name."""
    whole = sum(part.amount for part in parts)
    large = tuple(part for part in parts if part.amount >= _LEAST * whole > 0)
    small = [part for part in parts if 0 < part.amount < _LEAST * whole]
    rest = Part(others, sum(part.amount for part in small)) if len(small) > 1 else None
    return (*large, *([rest] if rest else small))


def part_colour(tokens: Tokens, place: int) -> str:
    """The colour of the part at this place."""
    colours = (tokens.accent, tokens.validation, tokens.good, tokens.advice, tokens.accent_faint, tokens.quiet, tokens.text)
    return colours[place % len(colours)]


class MemoryBar(QWidget):
    """Paints the parts side by side, and what is beyond the limit in the colour of problems. The tooltip says each part."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[Part, ...] = ()
        self._limit = 0.0
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_parts(self, parts: Sequence[Part], limit: float) -> None:
        """Shows the parts against `limit`, both in bytes."""
        self._parts, self._limit = tuple(part for part in parts if part.amount > 0), limit
        said = "\n".join(f"{part.label}: {bytes_text(part.amount)}" for part in self._parts)
        self.setToolTip(said)
        self.setAccessibleDescription(said.replace("\n", ", "))
        self.update()

    @property
    def over(self) -> bool:
        """Whether the parts are more than the limit."""
        return sum(part.amount for part in self._parts) > self._limit > 0

    def sizeHint(self) -> QSize:
        """Any width, ten high."""
        return QSize(120, 10)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The track, then the parts from the leading edge."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), 5, 5)
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), QColor(tokens.track))
        whole = max(self._limit, sum(part.amount for part in self._parts))
        if whole > 0:
            if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                painter.scale(-1, 1)
                painter.translate(-self.width(), 0)
            self._paint_parts(painter, tokens, whole)
        painter.end()

    def _paint_parts(self, painter: QPainter, tokens: Tokens, whole: float) -> None:
        left = 0.0
        for number, part in enumerate(self._parts):
            width = max(self.width() * part.amount / whole, 1.0)
            painter.fillRect(QRectF(left, 0, width, self.height()), QColor(part_colour(tokens, number)))
            left += width
        if self.over:
            end = min(self.width() * self._limit / whole, self.width() - _LEAST_EXCESS)
            painter.fillRect(QRectF(end, 0, self.width() - end, self.height()), QColor(tokens.problem))
            painter.fillRect(QRectF(end - 2, 0, 2, self.height()), QColor(tokens.panel))
