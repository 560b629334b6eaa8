"""Home: drop something, try it at once, or say what it is for; the newest runs below."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHeaderView

from phitune_gui.catalog.scenarios import SCENARIOS
from phitune_gui.ui.session import Session
from phitune_gui.ui.tables.recent_runs_table import RecentRunsTable
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.drop_zone import DropZone
from phitune_gui.ui.widgets.page_frame import PageFrame
from phitune_gui.ui.widgets.scenario_grid import ScenarioGrid
from phitune_gui.ui.widgets.table_view import TableView
from phitune_gui.ui.widgets.words import words

NARROW, MADE_OF_WIDTH, NAME_WIDTH = 640, 190, 200
"""Px; names longer than that are cut anyway."""


class HomePage(PageFrame):
    """The first thing a person sees."""

    def __init__(self, session: Session) -> None:
        super().__init__("")
        self._session = session
        self._build()
        self._connect()
        self._show_runs()
        self._show_starter()

    def _build(self) -> None:
        self.setAccessibleName(self.tr("Home"))
        self.title.setText(self.tr("What should your Phi learn?"))
        self.say(self.tr("Pick a goal, drop a file, or try it first with what comes along. Everything happens on this machine."))
        self.open = Button(self.tr("Open…"))
        self.try_now = Button(self.tr("Try it now"), "primary")
        self.try_now.setToolTip(self.tr("Makes a small starter model and sample data ready, and says what training them takes"))
        zone = DropZone(
            self.tr("Drop a dataset, a model folder or a recipe"), self.tr("CSV, JSON, JSONL, Parquet, Arrow, text; folders too"),
            (self.open, self.try_now),
        )  # fmt: skip
        self.column.addWidget(zone)
        self.scenarios = ScenarioGrid(SCENARIOS)
        self.column.addWidget(self.scenarios)
        self.column.addSpacing(4)
        self.column.addWidget(words(self.tr("Recent runs"), "heading"))
        self.table = RecentRunsTable(self)
        self.view = TableView(self.table, self.tr("Recent runs"), stretch=0)
        self.view.horizontalHeader().hide()
        self.view.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        self.view.setColumnWidth(1, MADE_OF_WIDTH)
        self.empty = words(self.tr("No runs yet. The first one will appear here, with its loss and how it ended."), "quiet", wrap=True)
        card = Card()
        card.body.setContentsMargins(10, 6, 10, 6)
        card.body.addWidget(self.view)
        card.body.addWidget(self.empty)
        self.empty.setContentsMargins(6, 8, 6, 8)
        self.column.addWidget(card)
        self.column.addStretch(1)

    def _connect(self) -> None:
        self.open.clicked.connect(self._open)
        self.try_now.clicked.connect(self._session.try_it_now)
        self.scenarios.chosen.connect(self._session.begin_scenario)
        self.view.row_opened.connect(lambda row: self._session.open_run(self.table.records[row].path))
        self._session.runs_changed.connect(self._show_runs)
        self._session.starter_changed.connect(self._show_starter)

    def _show_runs(self) -> None:
        self.table.show_runs(self._session.runs)
        self.view.setVisible(bool(self.table.records))
        self._make_room()
        self.empty.setVisible(not self.table.records)

    def _show_starter(self) -> None:
        making = self._session.starter_run is not None
        self.try_now.setEnabled(not making)
        self.try_now.setText(self.tr("Making it ready …") if making else self.tr("Try it now"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """On a narrow page what the run was made of goes."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Names come first: where they would be cut on a narrow page, the loss goes too."""
        narrow = self.viewport().width() < NARROW
        widths = [self.view.sizeHintForColumn(column) for column in (0, 2, 3, 4)]
        cut = min(widths[0], NAME_WIDTH) + sum(widths[1:]) > self.view.viewport().width()
        self.view.setColumnHidden(1, narrow)
        self.view.setColumnHidden(2, narrow and cut)

    def _open(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self, self.tr("Open a dataset or a recipe"))
        self._session.open_paths(paths)
