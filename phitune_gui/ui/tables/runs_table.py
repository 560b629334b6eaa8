"""The table of runs: filtered by words, sorted by any column, with a delegate that draws each run's loss small."""

from PySide6.QtCore import QCoreApplication, QObject, QRectF, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from phitune_gui.store.runs import RunRecord
from phitune_gui.ui.tables.runs_model import CURVE, RECORD, SORT, Column, Index, RunsModel
from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.spark_plot import paint_spark

ROW_HEIGHT, CURVE_WIDTH, NAME_WIDTH = 44, 64, 140
HEADER_PADDING = 21
"""Of the style sheet, with some air."""


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


class ModelDelegate(QStyledItemDelegate):
    """Cuts the names of models at their ends, because most end alike: `-instruct`."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class RunsTable(QTableView):
    """Emits `opened` with a record on double click or Enter, and `chosen` with the record under the cursor or None."""

    opened = Signal(object)
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._filter = RunsModel(self), RunsFilter(self)
        self._filter.setSourceModel(self._model)
        self.setModel(self._filter)
        self.setAccessibleName(QCoreApplication.translate("RunsTable", "Runs"))
        self._dress()
        self.doubleClicked.connect(self._open)
        self.selectionModel().currentRowChanged.connect(lambda _now, _before: self.chosen.emit(self.record()))
        self._filter.modelReset.connect(lambda: self.chosen.emit(self.record()))

    def _dress(self) -> None:
        self.setItemDelegateForColumn(Column.CURVE, SparkDelegate(self))
        self.setItemDelegateForColumn(Column.MODEL, ModelDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.WHEN, Qt.SortOrder.DescendingOrder)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(60)
        header.setStretchLastSection(False)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Every column but two is as wide as its words."""
        for column in Column:
            if column not in (Column.NAME, Column.MODEL):
                self.setColumnWidth(column, CURVE_WIDTH if column is Column.CURVE else self._wanted(column))
        self._share_out()

    def _share_out(self) -> None:
        """What the others leave: names come first, then models as far as they are long, and names take the rest."""
        left = self.viewport().width() - sum(self.columnWidth(each) for each in Column if each not in (Column.NAME, Column.MODEL))
        model = max(self._headline(Column.MODEL), min(self._wanted(Column.MODEL), left - NAME_WIDTH))
        self.setColumnWidth(Column.MODEL, model)
        self.setColumnWidth(Column.NAME, max(NAME_WIDTH, left - model))

    def _wanted(self, column: Column) -> int:
        return max(self._headline(column), self.sizeHintForColumn(column))

    def _headline(self, column: Column) -> int:
        """The header's own hint leaves room for a sort indicator in every column, which costs a whole one."""
        title = self.model().headerData(column, Qt.Orientation.Horizontal)
        return self.horizontalHeader().fontMetrics().horizontalAdvance(title) + HEADER_PADDING

    def resizeEvent(self, event: QResizeEvent) -> None:
        """On a narrow page the table scrolls instead of hiding names."""
        super().resizeEvent(event)
        self._share_out()

    def show_records(self, records: tuple[RunRecord, ...]) -> None:
        """Shows these runs and keeps the chosen one chosen."""
        before = self.record()
        self._model.show_records(records)
        self._fit_columns()
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
