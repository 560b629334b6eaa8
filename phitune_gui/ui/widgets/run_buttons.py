"""The row under a running training: save now, stop in three steps, answers so far, log."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from phitune_gui.core.run import Run
from phitune_gui.ui.widgets.buttons import Button

GRACE_MS = 20_000
"""How long a stop may take before *Stop now* is offered: a long step and a save fit into it."""


class RunButtons(QWidget):
    """Emits what the person wants; Stop asks first to save and end, and offers to end at once only after a while."""

    save_asked = Signal()
    stop_asked = Signal()
    kill_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stopping = False
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(GRACE_MS)
        self._build()
        self._grace.timeout.connect(self._offer_kill)
        self.save.clicked.connect(self.save_asked)
        self.stop.clicked.connect(self.stop_asked)
        self.kill.clicked.connect(self.kill_asked)

    def _build(self) -> None:
        self.save = Button(self.tr("Save now"))
        self.stop = Button(self.tr("Stop and save"), "danger")
        self.kill = Button(self.tr("Stop now"), "danger", name=self.tr("Stop now, without saving"))
        self.kill.setToolTip(self.tr("Ends the training at once. The newest checkpoint stays."))
        self.kill.hide()
        self.answers = Button(self.tr("Answers so far"))
        self.log = Button(self.tr("Log"))
        for button in (self.answers, self.log):
            button.setCheckable(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for button in (self.save, self.stop, self.kill):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.answers)
        row.addWidget(self.log)

    def set_grace(self, milliseconds: int) -> None:
        """How long a stop may take before *Stop now* is offered."""
        self._grace.setInterval(milliseconds)

    def show_run(self, run: Run, *, live: bool) -> None:
        """Offers what is possible in this state."""
        stopping = live and run.state == "stopping"
        self.save.setVisible(live)
        self.save.setEnabled(live and run.state == "running" and bool(run.steps))
        if stopping and not self._stopping:
            self._grace.start()
        if not stopping:
            self._grace.stop()
            self.kill.hide()
        self._stopping = stopping
        self.stop.setVisible(live and self.kill.isHidden())
        self.stop.setEnabled(live and not stopping)
        self.stop.setText(self.tr("Stopping …") if stopping else self.tr("Stop and save"))
        self.answers.setVisible(bool(run.samples))
        self.answers.setText(self.tr("Answers so far ({count})").format(count=len(run.samples)))

    def _offer_kill(self) -> None:
        self.stop.hide()
        self.kill.show()
