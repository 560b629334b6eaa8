"""The files that are learned from or judged by: name, role, and a button that takes each away."""

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.ui.widgets.buttons import IconButton
from phitune_gui.ui.widgets.words import words


class FileList(QWidget):
    """A few files, one line each."""

    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self.files: tuple[tuple[str, str], ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    def show_files(self, files: Sequence[tuple[str, str]]) -> None:
        """Shows (path, role) pairs in this order."""
        if tuple(files) == self.files:
            return
        self.files = tuple(files)
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for place, (path, role) in enumerate(self.files):
            self._column.addWidget(self._line(place, path, role))

    def _line(self, place: int, path: str, role: str) -> QWidget:
        line = QWidget()
        line.setObjectName("plain")
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        name = words(PurePath(path).name, "body")
        name.setToolTip(path)
        remove = IconButton("close", self.tr("Remove {file}").format(file=PurePath(path).name), "bare")
        remove.clicked.connect(lambda _checked=False: self.removed.emit(place))
        row.addWidget(name)
        row.addWidget(words(role, "small"))
        row.addStretch(1)
        row.addWidget(remove)
        return line
