"""Asks what becomes of a training when the window is closed."""

from typing import Literal

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.words import words

Answer = Literal["keep", "stop", "cancel"]


class ClosingQuestion(QDialog):
    """Keep training in the background, stop and save, or cancel; Escape cancels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("A training is running"))
        self.answer: Answer = "cancel"
        self.keep = Button(self.tr("Keep training in the background"), "primary")
        self.stop = Button(self.tr("Stop and save"), "danger")
        self.cancel = Button(self.tr("Cancel"))
        for button, answer in ((self.keep, "keep"), (self.stop, "stop"), (self.cancel, "cancel")):
            button.clicked.connect(lambda _checked=False, answer=answer: self._end(answer))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.cancel)
        row.addStretch(1)
        row.addWidget(self.stop)
        row.addWidget(self.keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(12)
        column.addWidget(words(self.tr("A training is running"), "heading"))
        what = self.tr("It can go on without the window; the next start shows it again with its whole chart.")
        column.addWidget(words(what, "quiet", wrap=True))
        column.addSpacing(4)
        column.addLayout(row)
        self.setMinimumWidth(520)
        self.keep.setFocus()

    def _end(self, answer: Answer) -> None:
        self.answer = answer
        self.accept() if answer != "cancel" else self.reject()
