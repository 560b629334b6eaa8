"""Lengths of all rows in tokens as bars, with the limit as a line that can be dragged or moved by keys."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from phitune_gui.core.dataset_report import Lengths
from phitune_gui.ui.theme import Tokens, current_tokens

SIDE, TOP, FOOT = 8, 26, 20
BARS_SHARE = 0.86
"""The part of the width that bars take when the limit lies so far beyond them that the axis has to be broken."""
SMALLEST_LIMIT, LARGEST_LIMIT = 16, 131072


def _along(value: float, ends: Sequence[float], others: Sequence[float]) -> float:
    """Where a value between `ends` lies among `others`, straight between each two of them and never outside."""
    place = next((place for place in range(1, len(ends)) if value <= ends[place]), len(ends) - 1)
    share = (value - ends[place - 1]) / (ends[place] - ends[place - 1])
    return others[place - 1] + min(max(share, 0.0), 1.0) * (others[place] - others[place - 1])


class Histogram(QWidget):
    """Bars beyond the limit are hatched in the problem colour; `limit_chosen` comes when the line is let go."""

    limit_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lengths = Lengths()
        self._limit = 0
        self._dragged: int | None = None
        self.setAccessibleName(self.tr("Length in tokens"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_lengths(self, lengths: Lengths, limit: int) -> None:
        """Shows the histogram (upper bound, count) and the limit in tokens."""
        self._lengths, self._limit = lengths, limit
        said = self.tr("shortest {low}, median {middle}, longest {high}, limit {limit}")
        self.setAccessibleDescription(
            said.format(low=lengths.min, middle=lengths.p50, high=lengths.max, limit=limit) if lengths.histogram else ""
        )
        self.update()

    @property
    def limit(self) -> int:
        """The limit that is shown, while dragging the one under the pointer."""
        return self._limit if self._dragged is None else self._dragged

    def sizeHint(self) -> QSize:
        """Any width, as high as fits beside a row's tokens."""
        return QSize(300, 136)

    def x_of(self, length: float) -> float:
        """Where a length lies, in px from the left; the axis ends at the limit, beyond a break where that is far away."""
        lengths, shares = zip(*self._axis, strict=True)
        return SIDE + _along(length, lengths, shares) * (self.width() - 2 * SIDE)

    @property
    def _axis(self) -> tuple[tuple[float, float], ...]:
        """Lengths in tokens and where they lie, as shares of the width: the ends of the axis, and its break where it has one."""
        longest = max([upper for upper, _count in self._lengths.histogram] or [1])
        low, high = float(min(self._lengths.min, longest - 1)), float(longest)
        if self._limit < 2 * longest:
            return (low, 0.0), (max(high, float(self._limit)), 1.0)
        return (low, 0.0), (high, BARS_SHARE), (float(self._limit), 1.0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Bars, scale, then the limit above everything."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(11)
        painter.setFont(font)
        if self._lengths.histogram:
            self._paint_bars(painter, tokens)
            self._paint_scale(painter, tokens)
            self._paint_limit(painter, tokens)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _paint_bars(self, painter: QPainter, tokens: Tokens) -> None:
        most = max(count for _upper, count in self._lengths.histogram) or 1
        room = self.height() - TOP - FOOT
        lower = 0
        painter.setPen(Qt.PenStyle.NoPen)
        for upper, count in self._lengths.histogram:
            left, right = self.x_of(lower), self.x_of(upper)
            lower = upper
            if count:
                high = max(room * count / most, 2.0)
                beyond = upper > self.limit
                painter.setBrush(QColor(tokens.problem if beyond else tokens.accent))
                bar = QRectF(left + 1, TOP + room - high, max(right - left - 2, 1.0), high)
                painter.drawRoundedRect(bar, 2, 2)
                if beyond and high > 6:
                    painter.setBrush(Qt.BrushStyle.BDiagPattern)
                    painter.drawRect(bar)

    def _paint_scale(self, painter: QPainter, tokens: Tokens) -> None:
        """Shortest, longest and median, each under its place; the median only where the others leave room."""
        painter.setPen(QColor(tokens.quiet))
        lengths, taken = self._lengths, QRectF()
        middle = self.tr("median {count}").format(count=f"{lengths.p50:,}")
        for length, text in ((lengths.max, f"{lengths.max:,}"), (lengths.min, f"{lengths.min:,}"), (lengths.p50, middle)):
            place = self._foot(length, painter.fontMetrics().horizontalAdvance(text) + 2)
            if not taken.intersects(place):
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
            taken = place if taken.isEmpty() else taken
        if len(self._axis) > 2:
            self._paint_break(painter)

    def _foot(self, length: float, width: float) -> QRectF:
        """The room of a label under this length, inside the widget."""
        left = min(max(self.x_of(length) - width / 2, SIDE), self.width() - SIDE - width)
        return QRectF(left, self.height() - FOOT + 3, width, FOOT - 3)

    def _paint_break(self, painter: QPainter) -> None:
        """Two strokes between the longest row and the limit: the axis leaves something out."""
        foot = self.height() - FOOT
        middle = SIDE + (1 + BARS_SHARE) / 2 * (self.width() - 2 * SIDE)
        for x in (middle - 3, middle + 3):
            painter.drawLine(QPointF(x - 3, foot + 4), QPointF(x + 3, foot - 6))

    def _paint_limit(self, painter: QPainter, tokens: Tokens) -> None:
        x = self.x_of(self.limit)
        painter.setPen(QPen(QColor(tokens.text), 2))
        painter.drawLine(QPointF(x, 12), QPointF(x, self.height() - FOOT + 1))
        painter.setBrush(QColor(tokens.text))
        painter.drawEllipse(QPointF(x, 12), 4, 4)
        text = self.tr("limit {count}").format(count=f"{self.limit:,}")
        width = painter.fontMetrics().horizontalAdvance(text) + 12
        left = x - width - 9 if x > width + 12 else x + 8
        painter.drawText(QRectF(left, 4, width, 16), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes the limit line."""
        if event.button() == Qt.MouseButton.LeftButton and self._lengths.histogram:
            self._drag_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Moves the line while it is held, shows that it can be held otherwise."""
        if self._dragged is not None:
            self._drag_to(event.position().x())
        near = abs(event.position().x() - self.x_of(self.limit)) < 8
        self.setCursor(Qt.CursorShape.SizeHorCursor if near else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Lets the line go where it is."""
        if self._dragged is not None:
            chosen, self._dragged = self._dragged, None
            self._choose(chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the limit by 16 tokens, page up and down by 256."""
        steps = {Qt.Key.Key_Left: -16, Qt.Key.Key_Right: 16, Qt.Key.Key_PageDown: -256, Qt.Key.Key_PageUp: 256}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._choose(self._limit + step)

    def _drag_to(self, x: float) -> None:
        lengths, shares = zip(*self._axis, strict=True)
        length = round(_along((x - SIDE) / max(self.width() - 2 * SIDE, 1), shares, lengths) / 16) * 16
        self._dragged = min(max(length, SMALLEST_LIMIT), LARGEST_LIMIT)
        self.update()

    def _choose(self, limit: int) -> None:
        self._limit = min(max(limit, SMALLEST_LIMIT), LARGEST_LIMIT)
        self.update()
        self.limit_chosen.emit(self._limit)
