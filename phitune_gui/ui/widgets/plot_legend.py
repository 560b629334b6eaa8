"""The legend above the loss plot: the same strokes as the curves, drawn small, with their names."""

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from phitune_gui.ui.theme import Tokens, current_tokens
from phitune_gui.ui.widgets.words import words

WIDTH, HEIGHT = 12, 12


class _Stroke(QWidget):
    """One sign of the legend, in a colour named by its token."""

    def __init__(self, token: str, sign: str) -> None:
        super().__init__()
        self._token, self._sign = token, sign
        self.setFixedSize(WIDTH, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens: Tokens = current_tokens()
        colour = QColor(str(getattr(tokens, self._token)))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(WIDTH / 2, HEIGHT / 2)
        if self._sign == "diamond":
            painter.setBrush(colour)
            painter.setPen(Qt.PenStyle.NoPen)
            half = 5.5
            corners = [QPointF(0, -half), QPointF(half, 0), QPointF(0, half), QPointF(-half, 0)]
            painter.drawPolygon(QPolygonF([middle + corner for corner in corners]))
        elif self._sign == "dashes":
            painter.setPen(QPen(colour, 2, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(0, middle.y()), QPointF(WIDTH, middle.y()))
        else:
            painter.setBrush(colour)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(QRectF(2, middle.y() - 1.25, 8, 2.5), 1, 1)


class PlotLegend(QWidget):
    """Loss: each step, smoothed, validation, and another run's name when one is laid beside."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(5)
        self._row.addWidget(words(self.tr("Loss"), "strong"))
        self._row.addSpacing(8)
        self._add("accent_faint", "line", self.tr("each step"))
        self._add("accent", "line", self.tr("smoothed"))
        self._add("validation", "diamond", self.tr("validation"))
        self._other_sign, self._other = self._add("quiet", "dashes", "")
        self.show_other("")

    @property
    def other(self) -> str:
        """Name of the run that is laid beside; empty for none."""
        return self._other.text()

    def show_other(self, name: str) -> None:
        """Names the run that is laid beside; empty for none."""
        self._other.setText(name)
        self._other.setVisible(bool(name))
        self._other_sign.setVisible(bool(name))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.update()
        super().changeEvent(event)

    def _add(self, token: str, sign: str, text: str) -> tuple[_Stroke, QLabel]:
        stroke, label = _Stroke(token, sign), words(text, "small")
        self._row.addWidget(stroke)
        self._row.addWidget(label)
        self._row.addSpacing(8)
        return stroke, label
