"""The curves of the loss plot and their pens: each step, smoothed, another run, validation, and the mark of the best."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor

from phitune_gui.core.run import Run
from phitune_gui.ui.theme import Tokens
from phitune_gui.ui.widgets.figures import number_text
from phitune_gui.ui.widgets.loss_series import Axis, LossSeries
from phitune_gui.ui.widgets.plot_canvas import PlotCanvas, drawable, small_font

EMPTY = np.empty(0)


class LossCurves:
    """Draws series on a canvas, from back to front: the other run, each step, smoothed, validation."""

    def __init__(self, canvas: PlotCanvas) -> None:
        self._canvas = canvas
        self.overlay, self.raw, self.smooth = canvas.curve(), canvas.curve(), canvas.curve()
        self.marks = canvas.curve(clip=False)
        label = {"position": 0.97, "anchors": [(-0.04, 0.5), (1.04, 0.5)]}
        self.best = pg.InfiniteLine(angle=90, movable=False, label="", labelOpts=label)
        self.cross = pg.InfiniteLine(angle=90, movable=False)
        for line in (self.best, self.cross):
            line.hide()
            canvas.addItem(line)

    def set_colours(self, tokens: Tokens) -> None:
        """Takes the colours of the theme."""
        self.raw.setPen(pg.mkPen(tokens.accent_faint, width=1))
        self.smooth.setPen(pg.mkPen(tokens.accent, width=2))
        self.overlay.setPen(pg.mkPen(tokens.quiet, width=1.5, dash=[4, 3]))
        self.marks.setPen(pg.mkPen(tokens.validation, width=1.5, dash=[4, 3]))
        self.marks.setSymbol("d")
        self.marks.setSymbolSize(13)
        self.marks.setSymbolBrush(QColor(tokens.validation))
        self.marks.setSymbolPen(None)
        self.best.setPen(pg.mkPen(tokens.validation, width=1, dash=[2, 3]))
        self.best.label.setColor(QColor(tokens.validation))
        self.best.label.setFont(small_font(self._canvas.font()))
        self.cross.setPen(pg.mkPen(tokens.quiet, width=1))

    def draw(self, series: LossSeries, other: LossSeries, axis: Axis, *, log: bool) -> None:
        """Draws what lies in view, never more points than pixels can show."""
        left, right = self._canvas.shown_x()
        most = max(2 * self._canvas.width(), 400)
        for curve, pyramid in ((self.raw, series.raw), (self.smooth, series.smooth), (self.overlay, other.smooth)):
            x, y = pyramid[axis].window(left, right, most)
            curve.setData(x, drawable(y, log))

    def draw_validation(self, series: LossSeries, run: Run, axis: Axis, *, log: bool) -> None:
        """Draws the validation points and marks the best one."""
        points = run.evaluations
        x = np.array([series.place_of(point.step, axis) for point in points]) if points else EMPTY
        self.marks.setData(x, drawable(np.array([point.loss for point in points]), log) if points else EMPTY)
        best = run.best_evaluation
        self.best.setVisible(best is not None and len(points) > 1)
        if best is not None:
            said = QCoreApplication.translate("LossPlot", "best · {loss}")
            self.best.setValue(series.place_of(best.step, axis))
            self.best.label.setFormat(said.format(loss=number_text(best.loss)))
