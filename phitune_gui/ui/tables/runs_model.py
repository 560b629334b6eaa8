"""The runs as a table model: one row per record, texts to read, values to sort by, and the loss as a small curve."""

from enum import IntEnum
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from phitune_gui.store.runs import RunRecord
from phitune_gui.ui.run_titles import model_name, title_of
from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.amounts import span_text, when_text
from phitune_gui.ui.widgets.figures import number_text
from phitune_gui.ui.widgets.run_words import state_text
from phitune_gui.ui.widgets.series_pyramid import Floats

Index = QModelIndex | QPersistentModelIndex
SORT = Qt.ItemDataRole.UserRole
RECORD = Qt.ItemDataRole.UserRole + 1
CURVE = Qt.ItemDataRole.UserRole + 2
SPARK_POINTS = 120


class Column(IntEnum):
    """What stands where."""

    NAME, MODEL, TECHNIQUE, STATE, LOSS, CURVE, SPENT, WHEN = range(8)


def _tr(text: str) -> str:
    return QCoreApplication.translate("RunsTable", text)


class RunsModel(QAbstractTableModel):
    """One row per run; `SORT` gives what a column is ordered by."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records: tuple[RunRecord, ...] = ()
        self._curves: dict[str, Floats] = {}

    def show_records(self, records: tuple[RunRecord, ...]) -> None:
        """Shows these runs."""
        self.beginResetModel()
        self._records, self._curves = records, {}
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return {
            Column.NAME: _tr("Run"),
            Column.MODEL: _tr("Base model"),
            Column.TECHNIQUE: _tr("Technique"),
            Column.STATE: _tr("State"),
            Column.LOSS: _tr("Best loss"),
            Column.CURVE: _tr("Loss"),
            Column.SPENT: _tr("Time"),
            Column.WHEN: _tr("When"),
        }[Column(section)]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        record, column = self._records[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(record, column)
        if role == SORT:
            return self._order(record, column)
        if role == RECORD:
            return record
        if role == CURVE and column is Column.CURVE:
            return self._curve(record)
        if role == Qt.ItemDataRole.ToolTipRole:
            return record.recipe.model.path if column is Column.MODEL else str(record.path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.headerData(column, Qt.Orientation.Horizontal)}: {self._text(record, column) or self._curve_text(record)}"
        if role == Qt.ItemDataRole.ForegroundRole and column is Column.STATE:
            return QColor(_state_colour(record.run.state))
        return None

    def _text(self, record: RunRecord, column: Column) -> str:
        run, recipe = record.run, record.recipe
        best = run.best_evaluation
        return {
            Column.NAME: title_of(recipe),
            Column.MODEL: model_name(recipe),
            Column.TECHNIQUE: _technique(record),
            Column.STATE: state_text(run),
            Column.LOSS: number_text(best.loss if best else None),
            Column.CURVE: "",
            Column.SPENT: span_text(run.spent_seconds) if run.spent_seconds else "–",
            Column.WHEN: when_text(record.made_at),
        }[column]

    def _order(self, record: RunRecord, column: Column) -> Any:
        best = record.run.best_evaluation
        numbers = {
            Column.LOSS: best.loss if best else float("inf"),
            Column.CURVE: record.run.final_loss or float("inf"),
            Column.SPENT: record.run.spent_seconds,
            Column.WHEN: record.made_at,
        }
        return numbers.get(column) if column in numbers else self._text(record, column).casefold()

    def _curve(self, record: RunRecord) -> Floats:
        """Evenly spread losses; made once, when the row is first drawn."""
        key = str(record.path)
        if key not in self._curves:
            steps = record.run.steps[:: max(len(record.run.steps) // SPARK_POINTS, 1)]
            self._curves[key] = np.array([(step.step, step.loss) for step in steps], dtype=np.float64).reshape(-1, 2)
        return self._curves[key]

    def _curve_text(self, record: RunRecord) -> str:
        steps = record.run.steps
        return f"{number_text(steps[0].loss)} – {number_text(steps[-1].loss)}" if steps else "–"


def _technique(record: RunRecord) -> str:
    section = record.recipe.technique
    rank = section.options.get("rank")
    return f"{section.id} · r{rank}" if rank else section.id


def _state_colour(state: str) -> str:
    tokens = current_tokens()
    named = {"finished": tokens.good, "failed": tokens.problem, "stopped": tokens.advice, "paused": tokens.advice}
    return named.get(state, tokens.accent)
