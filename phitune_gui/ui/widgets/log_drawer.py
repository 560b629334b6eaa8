"""The log drawer: the newest lines of a job's log file, followed while it is open."""

from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from phitune_gui.files.lines import LineTail
from phitune_gui.ui.theme import fixed_font
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card

NEWEST_BYTES = 64 * 1024
"""What is read of a long log when the drawer opens."""
MOST_LINES = 2000
EVERY_MS = 500


class LogDrawer(Card):
    """Reads only while it can be seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Log"), parent)
        self._path: Path | None = None
        self._tail: LineTail | None = None
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(fixed_font())
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setMinimumHeight(160)
        self.text.setPlaceholderText(self.tr("Nothing was written yet."))
        self.text.setAccessibleName(self.tr("Log"))
        copy = Button(self.tr("Copy"), "chip", name=self.tr("Copy the log"))
        copy.setCheckable(False)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        self.head.addWidget(copy)
        self.body.addWidget(self.text)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._read)

    def follow(self, path: Path | None) -> None:
        """Shows this file from now on; None shows nothing."""
        if path != self._path:
            self._path, self._tail = path, None
            self.text.clear()
            if self.isVisible():
                self._read()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def _read(self) -> None:
        if self._path is None:
            return
        if self._tail is None:
            size = self._path.stat().st_size if self._path.is_file() else 0
            self._tail = LineTail(self._path, max(size - NEWEST_BYTES, 0))
        bar = self.text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        lines = [line.decode("utf-8", "replace").rsplit("\r", 1)[-1] for line in self._tail.read()]
        if lines:
            self.text.appendPlainText("\n".join(lines[-MOST_LINES:]))
        if at_end:
            bar.setValue(bar.maximum())
