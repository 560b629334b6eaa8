"""The doctor's table: which row, what is wrong with it, what to do."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from phitune_gui.core.dataset_report import RejectedRow

Index = QModelIndex | QPersistentModelIndex


class RejectedRowsTable(QAbstractTableModel):
    """One row per rejected row, in the order of the files."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[RejectedRow, ...] = ()

    def show_rows(self, rows: tuple[RejectedRow, ...]) -> None:
        """Shows these rows instead."""
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """As many as are listed."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Line, finding, what to do."""
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' names."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Line"), self.tr("Finding"), self.tr("What to do"))[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The cell's words; the file as tooltip of the line."""
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (f"{row.line:,}", row.reason, row.fix)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (f"{row.file}:{row.line}", row.reason, row.fix)[index.column()]
        return None
