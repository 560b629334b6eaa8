"""The table of runs: a model over records, a filter by words, and a delegate that draws each run's loss small."""

from enum import IntEnum
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from phitune_gui.store.runs import RunRecord
from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.amounts import span_text, when_text
from phitune_gui.ui.widgets.figures import number_text
from phitune_gui.ui.widgets.run_words import state_text
from phitune_gui.ui.widgets.series_pyramid import Floats
from phitune_gui.ui.widgets.spark_plot import paint_spark

Index = QModelIndex | QPersistentModelIndex
SORT = Qt.ItemDataRole.UserRole
RECORD = Qt.ItemDataRole.UserRole + 1
CURVE = Qt.ItemDataRole.UserRole + 2
SPARK_POINTS = 120
ROW_HEIGHT = 44


class Column(IntEnum):
    """What stands where."""

    NAME, MODEL, TECHNIQUE, STATE, LOSS, CURVE, SPENT, WHEN = range(8)


def _tr(text: str) -> str:
    return QCoreApplication.translate("RunsTable", text)


def title_of(record: RunRecord) -> str:
    """The name that the person gave, else the folder's."""
    return record.recipe.name or record.name


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
            return str(record.path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.headerData(column, Qt.Orientation.Horizontal)}: {self._text(record, column) or self._curve_text(record)}"
        if role == Qt.ItemDataRole.ForegroundRole and column is Column.STATE:
            return QColor(_state_colour(record.run.state))
        return None

    def _text(self, record: RunRecord, column: Column) -> str:
        run, recipe = record.run, record.recipe
        best = run.best_evaluation
        return {
            Column.NAME: title_of(record),
            Column.MODEL: recipe.model.path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1],
            Column.TECHNIQUE: _technique(record),
            Column.STATE: state_text(run),
            Column.LOSS: number_text(best.loss if best else None),
            Column.CURVE: "",
            Column.SPENT: span_text(run.training_seconds) if run.steps else "–",
            Column.WHEN: when_text(record.made_at),
        }[column]

    def _order(self, record: RunRecord, column: Column) -> Any:
        best = record.run.best_evaluation
        numbers = {
            Column.LOSS: best.loss if best else float("inf"),
            Column.CURVE: record.run.final_loss or float("inf"),
            Column.SPENT: record.run.training_seconds,
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


class RunsFilter(QSortFilterProxyModel):
    """Keeps the runs in whose texts every searched word occurs."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        self.setSortRole(SORT)
        self.setDynamicSortFilter(True)

    def search(self, text: str) -> None:
        """Searches for these words, in any column."""
        self._words = text.casefold().split()
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        model = self.sourceModel()
        texts = (str(model.index(source_row, column).data() or "") for column in Column)
        whole = " ".join(texts).casefold()
        return all(word in whole for word in self._words)


class SparkDelegate(QStyledItemDelegate):
    """Draws a run's loss as a spark line."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        curve = index.data(CURVE)
        if curve is None or len(curve) < 2:
            return
        painter.save()
        place = QRectF(option.rect).adjusted(8, 11, -12, -11)
        paint_spark(painter, place, curve[:, 0], curve[:, 1], QColor(current_tokens().accent), from_zero=False)
        painter.restore()


class RunsTable(QTableView):
    """Emits `opened` with a record on double click or Enter, and `chosen` with the record under the cursor or None."""

    opened = Signal(object)
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._filter = RunsModel(self), RunsFilter(self)
        self._filter.setSourceModel(self._model)
        self.setModel(self._filter)
        self.setAccessibleName(_tr("Runs"))
        self._dress()
        self.doubleClicked.connect(self._open)
        self.selectionModel().currentRowChanged.connect(lambda _now, _before: self.chosen.emit(self.record()))
        self._filter.modelReset.connect(lambda: self.chosen.emit(self.record()))

    def _dress(self) -> None:
        self.setItemDelegateForColumn(Column.CURVE, SparkDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.WHEN, Qt.SortOrder.DescendingOrder)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        widths = {Column.NAME: 140, Column.MODEL: 126, Column.TECHNIQUE: 88, Column.STATE: 74, Column.LOSS: 76, Column.CURVE: 78,
                  Column.SPENT: 66, Column.WHEN: 92}  # fmt: skip
        for column, width in widths.items():
            self.setColumnWidth(column, width)
        header.setMinimumSectionSize(60)
        header.setStretchLastSection(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The name takes what is left; on a narrow page the table scrolls instead of hiding names."""
        super().resizeEvent(event)
        others = sum(self.columnWidth(column) for column in Column if column is not Column.NAME)
        self.setColumnWidth(Column.NAME, max(140, self.viewport().width() - others))

    def show_records(self, records: tuple[RunRecord, ...]) -> None:
        """Shows these runs and keeps the chosen one chosen."""
        before = self.record()
        self._model.show_records(records)
        if before is not None:
            self.choose(before)

    def search(self, text: str) -> None:
        """Shows only the runs with these words."""
        self._filter.search(text)

    def record(self) -> RunRecord | None:
        """The run under the cursor."""
        index = self.currentIndex()
        return index.data(RECORD) if index.isValid() else None

    def choose(self, record: RunRecord) -> None:
        """Puts the cursor on this run, if it is shown."""
        for row in range(self._filter.rowCount()):
            if self._filter.index(row, 0).data(RECORD).path == record.path:
                self.selectRow(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _open(self, index: Index) -> None:
        if index.isValid():
            self.opened.emit(index.data(RECORD))


def _technique(record: RunRecord) -> str:
    section = record.recipe.technique
    rank = section.options.get("rank")
    return f"{section.id} · r{rank}" if rank else section.id


def _state_colour(state: str) -> str:
    tokens = current_tokens()
    named = {"finished": tokens.good, "failed": tokens.problem, "stopped": tokens.advice, "paused": tokens.advice}
    return named.get(state, tokens.accent)
