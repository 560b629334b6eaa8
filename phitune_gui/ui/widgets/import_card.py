"""An adapter on its way in: how far the judging is, then the verdict with what can be done next."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from phitune_gui.core.adapter import AdapterVerdict
from phitune_gui.core.run import Run
from phitune_gui.ui.widgets.adapter_words import adapter_facts
from phitune_gui.ui.widgets.facts import Facts
from phitune_gui.ui.widgets.job_progress import JobProgress
from phitune_gui.ui.widgets.outcome_card import OutcomeCard


class ImportCard(QWidget):
    """Emits `chosen` with chat, export, train_on, again, model or close, and `cancel_asked` while the import goes on."""

    chosen = Signal(str)
    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self.progress, self.verdict, self.facts = JobProgress(), OutcomeCard(), Facts()
        self.facts.setContentsMargins(0, 6, 0, 6)
        self.verdict.insert(self.facts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.progress)
        column.addWidget(self.verdict)
        self.progress.cancel_asked.connect(self.cancel_asked)
        self.verdict.chosen.connect(self.chosen)
        self.show_import(None, "")

    def show_import(self, run: Run | None, name: str) -> None:
        """Shows what the events made of the import of this folder; nothing where there is none."""
        self.setVisible(run is not None)
        if run is None:
            return
        ended = run.ended and (run.imported is not None or run.failure is not None)
        self.progress.setVisible(not ended)
        self.verdict.setVisible(ended)
        self.facts.setVisible(run.imported is not None and run.imported.usable)
        if run.imported is not None:
            self._show_verdict(run.imported, name)
        elif run.failure is not None:
            self.verdict.show_failure(run.failure, self.tr("{name} could not be imported").format(name=name), self._others())
        else:
            self.progress.show_job(self.tr("Importing the adapter {name}").format(name=name), run)

    def _show_verdict(self, verdict: AdapterVerdict, name: str) -> None:
        if not verdict.usable:
            headline = self.tr("{name} cannot be used with this model").format(name=name)
            self.verdict.show_ending("problem", headline, f"{verdict.reason} {verdict.how_to_fix}", self._others())
            return
        onward = {"chat": self.tr("Chat"), "export": self.tr("Export"), "train_on": self.tr("Train on"), "close": self.tr("Close")}
        self.facts.show_facts(adapter_facts(verdict))
        headline = self.tr("{name} is imported and can be used").format(name=name)
        self.verdict.show_ending("good", headline, "\n".join(verdict.notes), onward)

    def _others(self) -> dict[str, str]:
        return {"again": self.tr("Another folder…"), "model": self.tr("Another model"), "close": self.tr("Close")}
