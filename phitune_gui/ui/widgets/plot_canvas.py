"""The bare plotting surface of the loss plot: calm axes, colours of the theme, zoom that never steals the page's scrolling."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QScrollArea, QWidget

from phitune_gui.ui.theme import SMALL, Tokens
from phitune_gui.ui.widgets.figures import count_text, number_text, short_seconds_text
from phitune_gui.ui.widgets.loss_series import Axis
from phitune_gui.ui.widgets.series_pyramid import Floats

_SAY = {"steps": count_text, "tokens": count_text, "time": short_seconds_text}
_SECONDS = (1.0, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18_000, 36_000, 86_400, 172_800, 432_000)


def _spacing(span: float, most: int) -> float:
    """The smallest 1, 2, 4 or 5 times a power of ten that needs at most `most` lines."""
    least = max(span, 1e-12) / max(most, 1)
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(step * power for step in (1, 2, 4, 5, 10) if step * power >= least * 0.999))


class _PlaceAxis(pg.AxisItem):
    """The x axis: whole steps, tokens or time, never fractions of a step."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.kind: Axis = "steps"
        self.enableAutoSIPrefix(False)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """A label about every 110 pixels."""
        most = max(int(size / 110), 2)
        wanted = (high - low) / most
        if self.kind == "time":
            return [(next((step for step in _SECONDS if step >= wanted), _spacing(high - low, most)), 0)]
        return [(max(_spacing(high - low, most), 1), 0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [_SAY[self.kind](value) if self.kind != "steps" or value == int(value) else "" for value in values]


class _LossAxis(pg.AxisItem):
    """The y axis: the loss itself, also when the scale is logarithmic."""

    def __init__(self) -> None:
        super().__init__("left")
        self.enableAutoSIPrefix(False)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """A line about every 45 pixels, and never fewer than three."""
        return [(_spacing(high - low, max(int(size / 45), 3)), 0)]

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Without lines so near an edge that their number would be cut off."""
        edge = (high - low) * 9 / max(size, 1)
        return [(space, [v for v in values if low + edge < v < high - edge]) for space, values in super().tickValues(low, high, size)]

    def logTickValues(self, low: float, high: float, size: float, linear: object) -> list[tuple[float, list[float]]]:
        """Round losses inside the view; `low` and `high` are powers of ten."""
        wanted = (1, 1.5, 2, 3, 4, 5, 7) if high - low < 1.5 else (1,)
        decades = range(int(np.floor(low)), int(np.ceil(high)) + 1)
        places = [decade + float(np.log10(part)) for decade in decades for part in wanted]
        return [(1.0, [place for place in places if low <= place <= high])]

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [number_text(10**value) for value in values]


class PlotCanvas(pg.PlotWidget):
    """Emits `pointed` with an x of the data while the mouse is over it, and `left_alone` when it goes."""

    pointed = Signal(float)
    left_alone = Signal()
    reset_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self._places = _PlaceAxis()
        super().__init__(parent, axisItems={"left": _LossAxis(), "bottom": self._places})
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.disableAutoRange()
        self.getPlotItem().getViewBox().setDefaultPadding(0)
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setStyle(tickLength=0, maxTickLevel=0, tickTextOffset=10, hideOverlappingLabels=False)
        self.getPlotItem().setContentsMargins(0, 0, 18, 0)
        self.getAxis("left").setWidth(46)
        self.getAxis("bottom").setHeight(30)
        self.showGrid(y=True, alpha=1)
        self.getAxis("left").setZValue(-1000)  # the grid belongs behind the curves
        self.scene().sigMouseMoved.connect(self._point)

    def set_colours(self, tokens: Tokens) -> None:
        """Takes the colours of the theme."""
        self.setBackground(tokens.panel)
        font = small_font(self.font())
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(None))
            axis.setTickPen(pg.mkPen(QColor(tokens.line), width=1))
            axis.setTextPen(QColor(tokens.quiet))
            axis.setTickFont(font)

    def set_axis(self, axis: Axis) -> None:
        """What the x axis counts."""
        self._places.kind = axis
        self._places.picture = None
        self._places.update()

    def curve(self, *, clip: bool = True) -> pg.PlotDataItem:
        """A new empty curve on this canvas; not-finite values are gaps."""
        made = pg.PlotDataItem(connect="finite", antialias=True)
        self.addItem(made)
        made.setClipToView(clip)  # has no effect before the curve is on its plot
        made.setDownsampling(auto=False)
        return made

    def shown_x(self) -> tuple[float, float]:
        """Left and right edge in data."""
        left, right = self.getViewBox().viewRange()[0]
        return float(left), float(right)

    def sizeHint(self) -> QSize:
        """Small, so that the page gives it what is left and scrolls only when little is left."""
        return QSize(320, 200)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._page_scrolls() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        super().wheelEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset_asked.emit()
        event.accept()

    def leaveEvent(self, event: object) -> None:
        self.left_alone.emit()
        super().leaveEvent(event)

    def _page_scrolls(self) -> bool:
        parent = self.parentWidget()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parentWidget()
        return parent is not None and parent.verticalScrollBar().maximum() > 0

    def _point(self, place: object) -> None:
        box = self.getViewBox()
        if box.sceneBoundingRect().contains(place):
            self.pointed.emit(float(box.mapSceneToView(place).x()))
        else:
            self.left_alone.emit()


def small_font(font: QFont) -> QFont:
    """The font at the size of small text."""
    small = QFont(font)
    small.setPixelSize(SMALL)
    return small


def drawable(values: Floats, log: bool) -> Floats:
    """Values as they can be drawn; on a logarithmic scale only what is above zero, the rest is a gap."""
    return np.where(values > 0, values, np.nan) if log else values
