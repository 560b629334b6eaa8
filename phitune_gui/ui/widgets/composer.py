"""Where questions are written: Enter sends, Shift+Enter begins a new line, and while an answer comes the button stops it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from phitune_gui.ui.widgets.buttons import Button

HEIGHT = 68


class _Field(QPlainTextEdit):
    """Plain text; Enter is a wish to send."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if plain_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.entered.emit()
            return
        super().keyPressEvent(event)


class Composer(QWidget):
    """Emits `sent` with the question and empties itself, or `stop_asked`."""

    sent = Signal(str)
    stop_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._busy = False
        self.field = _Field()
        self.field.setFixedHeight(HEIGHT)
        self.field.setTabChangesFocus(True)
        self.field.setAccessibleName(self.tr("Your question"))
        self.field.setPlaceholderText(self.tr("Your question. Enter sends, Shift+Enter begins a new line."))
        self.send = Button(self.tr("Send"), "primary")
        self.stop = Button(self.tr("Stop"), "danger", name=self.tr("Stop the answer"))
        self.stop.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.field, 1)
        row.addWidget(self.send, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignBottom)
        self.field.entered.connect(self._send)
        self.field.textChanged.connect(self._judge)
        self.send.clicked.connect(self._send)
        self.stop.clicked.connect(self.stop_asked)
        self._judge()

    def set_busy(self, busy: bool) -> None:
        """While busy the button stops; writing the next question is possible all the time."""
        self._busy = busy
        self.send.setVisible(not busy)
        self.stop.setVisible(busy)
        self._judge()

    def _judge(self) -> None:
        self.send.setEnabled(not self._busy and bool(self.field.toPlainText().strip()))

    def _send(self) -> None:
        question = self.field.toPlainText().strip()
        if question and not self._busy:
            self.field.clear()
            self.sent.emit(question)
