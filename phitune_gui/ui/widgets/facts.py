"""Facts as quiet key and strong value, one per line."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from phitune_gui.ui.widgets.words import words


class Facts(QWidget):
    """Shows pairs; showing others replaces them."""

    def __init__(self, parent: QWidget | None = None, *, values_at_end: bool = False) -> None:
        super().__init__(parent)
        self._side = Qt.AlignmentFlag.AlignTrailing if values_at_end else Qt.AlignmentFlag.AlignLeading
        self.setObjectName("plain")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self.pairs: tuple[tuple[str, str], ...] = ()

    def show_facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Shows these pairs of key and value; keys without value are left out."""
        shown = tuple((key, value) for key, value in pairs if value)
        if shown == self.pairs:
            return
        self.pairs = shown
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for row, (key, value) in enumerate(shown):
            label = words(value, "value", wrap=True, selectable=True)
            label.setAccessibleName(key)
            label.setAlignment(self._side | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(words(key, "key"), row, 0)
            self._grid.addWidget(label, row, 1)
