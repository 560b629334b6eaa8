"""The files that are learned from or judged by: name, role, how often the rows are seen, and a button that takes each away."""

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.core.recipe import DataSource
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import IconButton
from phitune_gui.ui.widgets.field_editors import FieldEditor, editor_for
from phitune_gui.ui.widgets.words import words

WEIGHT_WIDTH = 64


class FileList(QWidget):
    """A few files, one line each."""

    removed = Signal(int)
    weighed = Signal(int, object)
    """Place of a file, and its new weight."""
    wrong = Signal(int, str)
    """Place of a file, and why what is typed as its weight cannot be used; empty as soon as it can."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self.files: tuple[tuple[str, str], ...] = ()
        self.weights: list[FieldEditor] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    def show_files(self, files: Sequence[tuple[str, str]], weights: Sequence[float] = ()) -> None:
        """Shows (path, role) pairs in this order, with a field for each weight where there are weights."""
        if tuple(files) != self.files:
            self.files = tuple(files)
            self._rebuild(bool(weights))
        for editor, weight in zip(self.weights, weights, strict=False):
            editor.show_value(weight)

    def _rebuild(self, is_weighed: bool) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.weights = []
        for place, (path, role) in enumerate(self.files):
            self._column.addWidget(self._line(place, path, role, is_weighed))

    def _line(self, place: int, path: str, role: str, is_weighed: bool) -> QWidget:
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
        if is_weighed:
            self._add_weight(row, place, path)
        row.addWidget(remove)
        return line

    def _add_weight(self, row: QHBoxLayout, place: int, path: str) -> None:
        field = DataSource.model_fields["weight"]
        title, help_text = declared(field.title or ""), declared(field.description or "")
        editor = editor_for(field)
        editor.widget.setFixedWidth(WEIGHT_WIDTH)
        editor.widget.setToolTip(help_text)
        editor.widget.setAccessibleName(self.tr("{field} of {file}").format(field=title, file=PurePath(path).name))
        editor.widget.setAccessibleDescription(help_text)
        editor.widget.setAcceptDrops(False)  # files dropped on it belong to the window
        editor.edited.connect(lambda weight: self.weighed.emit(place, weight))
        editor.wrong.connect(lambda fault: self.wrong.emit(place, fault))
        label = words(title, "small")
        label.setToolTip(help_text)
        label.setBuddy(editor.widget)
        row.addWidget(label)
        row.addWidget(editor.widget)
        self.weights.append(editor)
