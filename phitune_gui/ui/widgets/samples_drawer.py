"""The answers that the model gave on the way, newest first."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from phitune_gui.core.run import Sample
from phitune_gui.ui.widgets.card import Card

SHOWN = 50


class SamplesDrawer(Card):
    """Shows samples as text to read and copy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("SamplesDrawer", "Answers so far"), parent)
        self._shown: tuple[Sample, ...] = ()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMinimumHeight(160)
        self.text.setAccessibleName(self.tr("Answers so far"))
        self.body.addWidget(self.text)

    def show_samples(self, samples: tuple[Sample, ...]) -> None:
        """Shows these samples; nothing happens when they are shown already."""
        if samples is not self._shown:
            self._shown = samples
            self.text.setPlainText("\n\n".join(self._told(sample) for sample in reversed(samples[-SHOWN:])))

    def _told(self, sample: Sample) -> str:
        head = self.tr("Step {step}: {prompt}").format(step=sample.step, prompt=sample.prompt)
        return f"{head}\n{sample.text}"
