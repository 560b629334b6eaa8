"""Which column of the dataset plays which role, by hand where the usual names do not fit."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from phitune_gui.ui.widgets.words import words


class ColumnForm(QWidget):
    """One list of columns per role; the first entry leaves the choice to PhiTune."""

    edited = Signal(object)
    """The whole mapping role -> column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self._shown: tuple[tuple[tuple[str, str], ...], tuple[str, ...]] = ((), ())
        self.combos: dict[str, QComboBox] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setColumnStretch(0, 1)

    def show_roles(self, roles: Sequence[tuple[str, str]], columns: Sequence[str], chosen: Mapping[str, str]) -> None:
        """`roles` are (id, help); `columns` the dataset's; `chosen` what the recipe says."""
        if (tuple(roles), tuple(columns)) != self._shown:
            self._shown = (tuple(roles), tuple(columns))
            self._rebuild()
        for role, combo in self.combos.items():
            combo.setCurrentIndex(max(combo.findData(chosen.get(role, "")), 0))

    def _rebuild(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.combos = {}
        roles, columns = self._shown
        for row, (role, help_text) in enumerate(roles):
            combo = QComboBox()
            combo.setMinimumWidth(200)
            combo.setAccessibleName(role)
            combo.setAccessibleDescription(help_text)
            combo.addItem(self.tr("found by its name"), "")
            for column in columns:
                combo.addItem(column, column)
            combo.activated.connect(self._tell)
            self.combos[role] = combo
            label = words(role, "body")
            label.setToolTip(help_text)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(combo, row, 1)

    def _tell(self) -> None:
        self.edited.emit({role: combo.currentData() for role, combo in self.combos.items() if combo.currentData()})
