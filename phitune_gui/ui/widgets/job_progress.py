"""A job at work: its stage in words, how far it is, and a way out."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from phitune_gui.core.run import Run
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.run_words import stage_text
from phitune_gui.ui.widgets.words import words


class JobProgress(Card):
    """Emits `cancel_asked` once; until the job ends the button says that it was heard."""

    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.headline, self.stage = words("", "strong"), words("", "quiet", wrap=True)
        self.bar = QProgressBar()
        self.cancel = Button(self.tr("Cancel"), "danger")
        row = QHBoxLayout()
        row.addWidget(self.headline, 1)
        row.addWidget(self.cancel)
        self.body.addLayout(row)
        self.body.addWidget(self.stage)
        self.body.addWidget(self.bar)
        self.cancel.clicked.connect(self._ask_cancel)

    def show_job(self, headline: str, run: Run) -> None:
        """Shows how far the job is; `run` is what its events made of it."""
        if run.state == "queued":
            self.cancel.setEnabled(True)
            self.cancel.setText(self.tr("Cancel"))
        self.headline.setText(headline)
        counted = self.tr("{done:.0f} of {total:.0f} {unit}").format(done=run.done, total=run.total, unit=run.unit) if run.total else ""
        parts = (stage_text(run.stage), run.stage_detail, counted.strip())
        self.stage.setText(" · ".join(part for part in parts if part))
        self.bar.setAccessibleName(headline)
        self.bar.setRange(0, 1000 if run.total else 0)
        self.bar.setValue(round(1000 * run.done / run.total) if run.total else 0)

    def _ask_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.cancel.setText(self.tr("Cancelling …"))
        self.cancel_asked.emit()
