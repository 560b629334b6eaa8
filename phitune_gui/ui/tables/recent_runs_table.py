"""The newest runs for the Home page: name, model and technique, loss, state, when."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from phitune_gui.store.runs import RunRecord
from phitune_gui.ui.run_titles import elided, model_name, title_of
from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.amounts import when_text
from phitune_gui.ui.widgets.figures import number_text
from phitune_gui.ui.widgets.run_words import state_text

Index = QModelIndex | QPersistentModelIndex
NEWEST = 5


class RecentRunsTable(QAbstractTableModel):
    """At most five rows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.records: tuple[RunRecord, ...] = ()

    def show_runs(self, records: tuple[RunRecord, ...]) -> None:
        """Shows the newest of these runs, which come newest first."""
        self.beginResetModel()
        self.records = records[:NEWEST]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """At most five."""
        return 0 if parent.isValid() else len(self.records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Name, made of, loss, state, when."""
        return 0 if parent.isValid() else 5

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, the name strong, the state in its colour."""
        record = self.records[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(record, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(record.path)
        if role == Qt.ItemDataRole.FontRole and index.column() == 0:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 3:
            tokens = current_tokens()
            colours = {"finished": tokens.good, "failed": tokens.problem, "stopped": tokens.advice, "paused": tokens.advice}
            return QColor(colours.get(record.run.state, tokens.quiet))
        return None

    def _text(self, record: RunRecord, column: int) -> str:
        run, recipe = record.run, record.recipe
        best = run.best_evaluation
        if column == 0:
            return title_of(recipe)
        if column == 1:
            return f"{elided(model_name(recipe), 24) or '–'} · {recipe.technique.id}"
        if column == 2:
            return self.tr("validation {loss}").format(loss=number_text(best.loss)) if best else "–"
        if column == 3:
            stopped = run.state in ("stopped", "paused") and run.step
            return self.tr("{state} at step {step}").format(state=state_text(run), step=run.step) if stopped else state_text(run)
        return when_text(record.made_at)
