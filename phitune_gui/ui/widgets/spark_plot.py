"""A spark line: one small curve without axes, beside the figure it belongs to."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.series_pyramid import Floats, SeriesPyramid
from phitune_gui.ui.widgets.words import words


def paint_spark(painter: QPainter, place: QRectF, x: Floats, y: Floats, colour: QColor, *, from_zero: bool = True) -> None:
    """Draws y over x into a rectangle, from zero or from its lowest up; not-finite values are gaps, fewer than two points nothing."""
    finite = np.isfinite(y)
    if np.count_nonzero(finite) < 2 or x[-1] <= x[0]:
        return
    low, high = float(y[finite].min()), float(y[finite].max())
    if from_zero:
        low, high = min(low, 0.0), high * 1.08
    across = place.left() + (x - x[0]) / (x[-1] - x[0]) * place.width()
    down = place.bottom() - (y - low) / (high - low) * place.height() if high > low else np.full_like(y, place.center().y())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    for run in np.split(np.arange(len(y)), np.flatnonzero(~finite)):
        points = [QPointF(float(across[i]), float(down[i])) for i in run if finite[i]]
        painter.drawPolyline(QPolygonF(points))


class SparkPlot(QWidget):
    """Shows a pyramid as a spark line as wide as it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.series = SeriesPyramid()
        self.setMinimumSize(60, 28)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self.series):
            x, y = self.series.window(-np.inf, np.inf, 2 * max(self.width(), 60))
            place = QRectF(self.rect()).adjusted(2, 3, -2, -3)
            paint_spark(QPainter(self), place, x, y, QColor(current_tokens().accent))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)


class SparkCard(Card):
    """A figure with its name and how it came to be."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._name = name
        self.value = words("–", "value")
        self.plot = SparkPlot()
        self.body.setContentsMargins(13, 11, 13, 9)
        self.body.setSpacing(4)
        head = QHBoxLayout()
        self.title = words(name, "key")
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.value)
        self.body.addLayout(head)
        self.note = words("", "small")
        self.note.setFixedHeight(self.plot.minimumHeight())
        self.body.addWidget(self.plot)
        self.body.addWidget(self.note)
        self.say("–")

    def rename(self, name: str, in_full: str = "") -> None:
        """Says what the figure is of; the next `say` tells it in full to those who do not see it."""
        self._name = in_full or name
        self.title.setText(name)
        self.setToolTip(in_full)

    def say(self, value: str, note: str = "") -> None:
        """Shows the newest figure; a note stands where there is no curve."""
        self.value.setText(value)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.plot.setVisible(not note)
        self.setAccessibleName(" ".join(part for part in (f"{self._name}: {value}", note) if part))
        self.plot.update()
