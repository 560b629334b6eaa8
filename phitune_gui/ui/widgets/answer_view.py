"""One bubble of a conversation: a question, or an answer that grows while it is given."""

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from phitune_gui.ui.theme import RADIUS_CARD, current_tokens
from phitune_gui.ui.widgets.buttons import IconButton
from phitune_gui.ui.widgets.words import set_kind, words

EVERY_MS = 50
"""A growing answer is laid out at most twenty times a second."""


class Bubble(QFrame):
    """A rounded panel with plain text that can be selected; nothing in it is ever read as markup."""

    def __init__(self, text: str, *, mine: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mine = mine
        self.text = words(text, wrap=True, selectable=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(14, 10, 14, 10)
        self.body.setSpacing(6)
        self.body.addWidget(self.text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.accent_soft if self._mine else tokens.line), 1))
        painter.setBrush(QColor(tokens.accent_soft if self._mine else tokens.panel))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CARD, RADIUS_CARD)


class AnswerView(Bubble):
    """An answer with the name of who gives it, and how quickly it came."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__("", mine=False, parent=parent)
        self._name, self._whole = name, ""
        self.body.insertWidget(0, words(name, "key"))
        self.figures = words(self.tr("waiting …"), "small", wrap=True)
        self.copy = IconButton("copy", self.tr("Copy this answer"), "bare")
        self.copy.setVisible(False)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._whole))
        row = QHBoxLayout()
        row.addWidget(self.figures, 1)
        row.addWidget(self.copy)
        self.body.addLayout(row)
        self.text.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._lay_out)

    def say(self, text: str) -> None:
        """Shows the answer as far as it has come."""
        self._whole = text
        if not self._timer.isActive():
            self._timer.start()

    def note(self, note: str) -> None:
        """Says what is going on, under the text."""
        self.figures.setText(note)

    def finish(self, text: str, note: str, *, failed: bool = False) -> None:
        """Shows the whole answer and how it came; a failure is said in its own colour."""
        self._whole = text
        self._lay_out()
        self.figures.setText(note)
        set_kind(self.figures, "bad" if failed else "small")
        self.copy.setVisible(bool(text))

    def _lay_out(self) -> None:
        self.text.setVisible(bool(self._whole))
        self.text.setText(self._whole)
        self.setAccessibleName(f"{self._name}: {self._whole[:200]}")
