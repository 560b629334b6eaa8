"""The card around the loss plot: x axis, logarithmic, a second run, files, and the same facts as text."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QMenu, QPlainTextEdit, QWidget

from phitune_gui.core.run import Run
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.picture_files import save_csv
from phitune_gui.ui.widgets.plot_text_twin import plot_table

if TYPE_CHECKING:
    from phitune_gui.ui.widgets.loss_series import Axis

FileKind = Literal["png", "svg", "csv"]


class LossCard(Card):
    """Takes a run, and the names of other runs to lay beside; emits `compare_chosen` with one of them, or an empty name."""

    compare_chosen = Signal(str)
    file_failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        # pyqtgraph takes longer to import than the bare window to open; the Train page has imported it aside when it comes here
        from phitune_gui.ui.widgets.loss_plot import LossPlot

        self._run = Run()
        self.plot = LossPlot()
        self._build()
        self._connect()

    def _build(self) -> None:
        self.body.setContentsMargins(13, 11, 13, 6)
        self.body.setSpacing(4)
        self.axes: dict[Axis, Button] = {
            "steps": Button(self.tr("Steps"), "chip"),
            "tokens": Button(self.tr("Tokens"), "chip"),
            "time": Button(self.tr("Time"), "chip"),
        }
        self._axis_group = QButtonGroup(self)
        for button in self.axes.values():
            self._axis_group.addButton(button)
        self.axes["steps"].setChecked(True)
        self.log = Button(self.tr("Log"), "chip", name=self.tr("Logarithmic loss"))
        self.reset = Button(self.tr("Whole run"), "chip", name=self.tr("Show the whole run again"))
        self.reset.setCheckable(False)
        self.reset.hide()
        self.more = Button(self.tr("More"), "chip", name=self.tr("More of the chart: compare, save, as text"))
        self.more.setCheckable(False)
        self.menu = QMenu(self)
        self.more.setMenu(self.menu)
        for button in (self.reset, *self.axes.values(), self.log, self.more):
            self.plot.header.add_trailing(button)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("Loss chart as text"))
        self.text.setMaximumHeight(190)
        self.text.hide()
        self.body.addWidget(self.plot, 1)
        self.body.addWidget(self.text)
        self._build_menu()

    def _build_menu(self) -> None:
        self.compare = self.menu.addMenu(self.tr("Compare with"))
        self.compare.setEnabled(False)
        self.menu.addSeparator()
        self.as_text = self.menu.addAction(self.tr("As text"))
        self.as_text.setCheckable(True)
        self.menu.addSeparator()
        self.files = {
            "png": self.menu.addAction(self.tr("Save as picture (PNG)…")),
            "svg": self.menu.addAction(self.tr("Save as drawing (SVG)…")),
            "csv": self.menu.addAction(self.tr("Save as table (CSV)…")),
        }

    def _connect(self) -> None:
        for axis, button in self.axes.items():
            button.clicked.connect(lambda _checked, axis=axis: self.plot.set_axis(axis))
        self.log.toggled.connect(self.plot.set_log)
        self.reset.clicked.connect(self.plot.show_all)
        self.plot.zoomed.connect(self.reset.setVisible)
        self.as_text.toggled.connect(self._show_text)
        self.files["png"].triggered.connect(lambda: self._ask_where("png"))
        self.files["svg"].triggered.connect(lambda: self._ask_where("svg"))
        self.files["csv"].triggered.connect(lambda: self._ask_where("csv"))

    def show_run(self, run: Run) -> None:
        """Shows this run from now on."""
        self._run = run
        self.plot.show_run(run)
        if self.text.isVisible():
            self._show_text(True)

    def offer_runs(self, names: list[str]) -> None:
        """Names of the runs that can be laid beside this one."""
        self.compare.clear()
        self.compare.setEnabled(bool(names))
        for name in ["", *names]:
            action = self.compare.addAction(name or self.tr("Nothing"))
            action.triggered.connect(lambda _checked, name=name: self.compare_chosen.emit(name))

    def save(self, kind: FileKind, path: Path) -> None:
        """Writes the chart; says so when the file cannot be written."""
        try:
            if kind == "csv":
                save_csv(self._run, path)
            elif kind == "svg":
                self.plot.to_svg(path)
            else:
                self.plot.to_png(path)
        except OSError as error:
            self.file_failed.emit(self.tr("{path} could not be written: {reason}.").format(path=path, reason=error.strerror or error))

    def _ask_where(self, kind: FileKind) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Save the chart"), f"loss.{kind}", f"{kind.upper()} (*.{kind})")
        if chosen:
            self.save(kind, Path(chosen))

    def _show_text(self, shown: bool) -> None:
        self.text.setVisible(shown)
        if shown:
            place = self.text.verticalScrollBar().value()
            self.text.setPlainText(plot_table(self._run))
            self.text.verticalScrollBar().setValue(place)
