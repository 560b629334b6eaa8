"""The table of local models; those that cannot be tuned stay visible with the reason."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from phitune_gui.core.base_model import BaseModel
from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.figures import bytes_text, count_text

Index = QModelIndex | QPersistentModelIndex
NAME, FAMILY, SIZE, CONTEXT, STATE = range(5)


class ModelsTable(QAbstractTableModel):
    """One row per model folder; the chosen one is bold."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.models: tuple[BaseModel, ...] = ()
        self._chosen = ""

    def show_models(self, models: tuple[BaseModel, ...], chosen: str) -> None:
        """Shows these models; `chosen` is the path of the one that is tuned."""
        if (models, chosen) != (self.models, self._chosen):
            self.beginResetModel()
            self.models, self._chosen = models, chosen
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """As many as there are models."""
        return 0 if parent.isValid() else len(self.models)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Name, family, size, context, state."""
        return 0 if parent.isValid() else 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' names."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Model"), self.tr("Family"), self.tr("Size"), self.tr("Context"), self.tr("State"))[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, and colour for the state."""
        model = self.models[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(model, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return model.path if index.column() != STATE or model.usable else f"{model.reason} {model.how_to_fix}"
        if role == Qt.ItemDataRole.FontRole and index.column() == NAME:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold if model.path == self._chosen else QFont.Weight.Normal)
            return font
        if role == Qt.ItemDataRole.ForegroundRole:
            tokens = current_tokens()
            if index.column() == STATE:
                return QColor(tokens.good if model.usable else tokens.problem)
            return None if model.usable else QColor(tokens.quiet)
        return None

    def _text(self, model: BaseModel, column: int) -> str:
        if column == NAME:
            return model.name
        if column == FAMILY:
            return model.family
        if column == SIZE:
            return f"{count_text(model.parameters)} · {bytes_text(model.weight_bytes)}" if model.parameters else "–"
        if column == CONTEXT:
            return count_text(model.context) if model.context else "–"
        if not model.usable:
            return model.reason
        return self.tr("chosen") if model.path == self._chosen else self.tr("ready")
