"""How a job ended, in words: what was kept or what went wrong, what to do next, and the details for the curious."""

from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from phitune_gui.core.events import JobFailed
from phitune_gui.ui.field_titles import with_titles
from phitune_gui.ui.theme import fixed_font
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.words import restyle, words

Tone = Literal["good", "advice", "problem"]


class OutcomeCard(QFrame):
    """Emits `chosen` with the id of the pressed button. Buttons are given per ending, the first one is the main one."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report = ""
        self._shown: tuple[object, ...] = ()
        self.buttons: dict[str, Button] = {}
        self._build()

    def _build(self) -> None:
        body = self._body = QVBoxLayout(self)
        body.setContentsMargins(16, 13, 16, 14)
        body.setSpacing(5)
        self.headline = words("", "strong", wrap=True, selectable=True)
        self.text = words("", "body", wrap=True, selectable=True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setFont(fixed_font())
        self.details.setMaximumHeight(150)
        self.details.setAccessibleName(self.tr("Details"))
        self._row = QHBoxLayout()
        self._row.setSpacing(10)
        for label in (self.headline, self.text):
            # as high as its lines at the real width, not as at the narrow width that a wrapped label would like to have
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
            body.addWidget(label)
        body.addSpacing(4)
        body.addLayout(self._row)
        body.addWidget(self.details)

    def insert(self, widget: QWidget) -> None:
        """Puts a widget between the headline and the text."""
        self._body.insertWidget(1, widget)

    def show_ending(self, tone: Tone, headline: str, text: str, actions: dict[str, str]) -> None:
        """Shows a good or stopped ending with what can be done next."""
        self._show(tone, headline, text, actions, "")

    def show_failure(self, failure: JobFailed, headline: str, actions: dict[str, str]) -> None:
        """Shows what happened, what is safe and what to do; the trace stays folded."""
        self._show("problem", headline, with_titles(f"{failure.message} {failure.hint}".strip()), actions, failure.traceback)

    def _show(self, tone: Tone, headline: str, text: str, actions: dict[str, str], details: str) -> None:
        if (asked := (tone, headline, text, tuple(actions), details)) == self._shown:
            return
        self._shown = asked
        self.setProperty("box", tone)
        restyle(self)
        self.headline.setText(headline)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.setAccessibleName(f"{headline} {text}")
        self.details.setPlainText(details)
        self.details.hide()
        self._report = "\n".join(part for part in (headline, text, details) if part)
        self._show_buttons(actions, failed=tone == "problem", has_details=bool(details))
        for label in (self.headline, self.text):
            restyle(label)

    def _show_buttons(self, actions: dict[str, str], *, failed: bool, has_details: bool) -> None:
        while self._row.count():
            item = self._row.takeAt(0)
            if item is not None and (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.buttons = {}
        for place, (id, label) in enumerate(actions.items()):
            self._add(id, label, primary=not place and not failed).clicked.connect(lambda _checked, id=id: self.chosen.emit(id))
        if failed:
            self._add("copy", self.tr("Copy")).clicked.connect(lambda: QGuiApplication.clipboard().setText(self._report))
        if has_details:
            details = self._add("details", self.tr("Details"))
            details.setCheckable(True)
            details.toggled.connect(self.details.setVisible)
        self._row.addStretch(1)

    def _add(self, id: str, label: str, *, primary: bool = False) -> Button:
        button = self.buttons[id] = Button(label, "primary" if primary else "plain")
        self._row.addWidget(button)
        return button
