"""The loss plot: every step faintly, the smoothed loss strongly, validation as diamonds, the best one marked."""

import math
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from phitune_gui.core.run import Run
from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.flow_row import FlowRow
from phitune_gui.ui.widgets.loss_curves import LossCurves
from phitune_gui.ui.widgets.loss_series import Axis, LossSeries
from phitune_gui.ui.widgets.picture_files import save_png, save_svg
from phitune_gui.ui.widgets.plot_canvas import PlotCanvas
from phitune_gui.ui.widgets.plot_legend import PlotLegend
from phitune_gui.ui.widgets.plot_text_twin import plot_summary, point_text
from phitune_gui.ui.widgets.words import words

REDRAW_MS = 50
"""At most 20 redraws a second, however fast steps come."""
RANGE_SECONDS = 0.5
"""The axes move at most twice a second."""


class LossPlot(QWidget):
    """Shows a run, live or ended; emits `drawn` after each redraw and `zoomed` when the person's view is no longer the whole."""

    drawn = Signal()
    zoomed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = Run()
        self._other: Run | None = None
        self._series, self._other_series = LossSeries(), LossSeries()
        self._axis: Axis = "steps"
        self._log = False
        self._follows = True
        self._range_waits = False
        self._pointed: int | None = None
        self._build()
        self._connect()
        self._recolour()

    def _build(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Loss chart"))
        self.setToolTip(self.tr("Drag to move, wheel to zoom, double click to see everything. Arrow keys read single steps."))
        self.legend = PlotLegend()
        self.header = FlowRow(spacing=6)
        self.header.addWidget(self.legend)
        self.canvas = PlotCanvas(self)
        self._readout = QLabel(self.canvas)
        self._readout.setProperty("kind", "pill")
        self._readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._readout.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3, 3, 3, 3)
        layout.setSpacing(8)
        layout.addLayout(self.header)
        layout.addWidget(self.canvas, 1)
        self._waiting = words(self.tr("The loss appears with the first step."), "quiet")
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self._waiting, 1)
        self._curves = LossCurves(self.canvas)
        self._redraw_timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._range_timer = QTimer(self, singleShot=True, interval=round(RANGE_SECONDS * 1000))

    def _connect(self) -> None:
        self._redraw_timer.timeout.connect(self._redraw)
        self._range_timer.timeout.connect(self._catch_up)
        self.canvas.pointed.connect(self._point_at)
        self.canvas.left_alone.connect(self._point_nowhere)
        self.canvas.reset_asked.connect(self.show_all)
        box = self.canvas.getViewBox()
        box.sigRangeChangedManually.connect(self._leave_whole)
        box.sigXRangeChanged.connect(self._schedule)

    def show_run(self, run: Run) -> None:
        """Shows this run from now on; cheap to call often, the picture follows at most 20 times a second."""
        self._run = run
        self._schedule()

    def show_other(self, run: Run | None, name: str = "") -> None:
        """Lays another run's smoothed loss beside this one, dashed; None takes it away."""
        self._other, self._other_series = run, LossSeries()
        self.legend.show_other(name if run is not None else "")
        self._schedule()

    def set_axis(self, axis: Axis) -> None:
        """What the x axis counts."""
        self._axis = axis
        self.canvas.set_axis(axis)
        self.show_all()

    def set_log(self, log: bool) -> None:
        """Logarithmic or linear loss."""
        self._log = log
        self.canvas.setLogMode(False, log)
        self.show_all()

    def show_all(self) -> None:
        """Back to the whole run."""
        self._follows = True
        self.zoomed.emit(False)
        self._range_timer.stop()
        self._point_nowhere()
        self._schedule()

    def readout(self) -> str:
        """What the crosshair says; empty when it is nowhere."""
        return self._readout.text() if self._pointed is not None else ""

    def _schedule(self) -> None:
        if self.isVisible() and not self._redraw_timer.isActive():
            self._redraw_timer.start()

    def _redraw(self) -> None:
        more = self._take()
        if self._series.begins_anew:
            self.show_all()  # how far the run before was shown says nothing about this one
        self._draw()
        self.drawn.emit()
        if more and self.isVisible():
            QTimer.singleShot(0, self, self._redraw)

    def _take(self) -> bool:
        more = self._series.take(self._run)
        return (self._other is not None and self._other_series.take(self._other)) or more

    def _draw(self) -> None:
        nothing = not len(self._series) and not self._run.evaluations
        self._waiting.setVisible(nothing)
        self.canvas.setVisible(not nothing)
        self._range_waits = self._range_timer.isActive()
        if not self._range_waits:
            self._settle()
        self._curves.draw(self._series, self._other_series, self._axis, log=self._log)
        self._curves.draw_validation(self._series, self._run, self._axis, log=self._log)

    def _settle(self) -> None:
        """Moves the axes and says anew what is shown, then rests for a while."""
        if self._follows:
            self._show_range()
        self.setAccessibleDescription(plot_summary(self._run, self._series.gaps))
        self._range_timer.start()

    def _catch_up(self) -> None:
        if self._range_waits:
            self._schedule()

    def _show_range(self) -> None:
        end = self._series.end(self._run, self._axis)
        low, high = self._series.span(self._run.evaluations) or (0.0, 1.0)
        if self._log:
            low, high = math.log10(max(low, 1e-6)), math.log10(max(high, 1e-5))
        margin = max((high - low) * 0.1, 0.02)
        self.canvas.setXRange(-end * 0.012, max(end, 1e-9) * 1.012, padding=0)
        self.canvas.setYRange(low - margin, high + margin, padding=0)

    def _leave_whole(self) -> None:
        self._follows = False
        self.zoomed.emit(True)

    def _point_at(self, place: float) -> None:
        index = self._series.index_at(place, self._axis)
        if index is not None:
            self._show_point(index)

    def _point_nowhere(self) -> None:
        self._pointed = None
        self._curves.cross.hide()
        self._readout.hide()

    def _show_point(self, index: int) -> None:
        self._pointed = index
        self._curves.cross.setValue(float(self._series.raw[self._axis].x[index]))
        self._curves.cross.show()
        self._readout.setText(point_text(self._run, index, self._series, self._axis))
        self._place_readout()
        self._readout.show()

    def _place_readout(self) -> None:
        self._readout.adjustSize()
        self._readout.move(max(self.canvas.width() - self._readout.width() - 8, 0), 6)

    def _recolour(self) -> None:
        tokens = current_tokens()
        self.canvas.set_colours(tokens)
        self._curves.set_colours(tokens)
        self._schedule()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._schedule()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_curves"):
            self._recolour()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_readout()
        self._schedule()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys read single steps, Home and End the first and last, Escape lets go, 0 shows everything again."""
        count = len(self._series)
        at = self._pointed if self._pointed is not None else count - 1
        places = {Qt.Key.Key_Left: at - 1, Qt.Key.Key_Right: at + 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: count - 1}
        if event.key() in places and count:
            self._show_point(min(max(places[Qt.Key(event.key())], 0), count - 1))
        elif event.key() == Qt.Key.Key_Escape and self._pointed is not None:
            self._point_nowhere()
        elif event.key() == Qt.Key.Key_0:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(current_tokens().accent), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)

    def to_png(self, path: Path, width: int = 1280, height: int = 640) -> None:
        """Writes what is shown as a picture of this size, shown on a screen or not."""
        save_png(self._twin(width, height), path, current_tokens().panel)

    def to_svg(self, path: Path, width: int = 1280, height: int = 640) -> None:
        """Writes what is shown as a drawing that stays sharp."""
        save_svg(self._twin(width, height), path, current_tokens().panel)

    def _twin(self, width: int, height: int) -> "LossPlot":
        """A plot of the same numbers that no one sees, so that the visible one does not flicker."""
        twin = LossPlot()
        twin._run, twin._other, twin._series, twin._other_series = self._run, self._other, self._series, self._other_series
        twin.legend.show_other(self.legend.other)
        layout = twin.layout()
        assert layout is not None
        layout.setContentsMargins(16, 12, 16, 8)
        twin.resize(width, height)
        twin.ensurePolished()
        twin._axis, twin._log = self._axis, self._log
        twin.canvas.set_axis(self._axis)
        twin.canvas.setLogMode(False, self._log)
        while twin._take():
            pass
        if not self._follows:
            twin._follows = False
            twin.canvas.setRange(xRange=self.canvas.viewRange()[0], yRange=self.canvas.viewRange()[1], padding=0)
        layout.activate()
        twin._draw()
        return twin
