"""Runs: everything that was trained or imported on this machine, to open again, to look through and to train on or begin anew from."""

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from phitune_gui.core.validation import judgement
from phitune_gui.store.runs import RunRecord
from phitune_gui.ui.field_titles import with_titles
from phitune_gui.ui.session import Session
from phitune_gui.ui.tables.runs_table import RunsTable
from phitune_gui.ui.translation import plural
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.empty_card import EmptyCard
from phitune_gui.ui.widgets.flow_row import FlowRow
from phitune_gui.ui.widgets.import_card import ImportCard
from phitune_gui.ui.widgets.page_frame import PageFrame
from phitune_gui.ui.widgets.words import words


class RunsPage(PageFrame):
    """The list follows the session; double click or Enter opens a run on the Train page."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self._session = session
        self._build()
        self._connect()
        self._refresh()
        self._show_import()

    def _build(self) -> None:
        self.title.setText(self.tr("Runs"))
        self.setAccessibleName(self.tr("Runs"))
        self.empty = EmptyCard(
            self.tr("No run yet"),
            self.tr("Every training leaves a folder with its recipe, its loss and its result. The first one appears here."),
            {"home": self.tr("Choose a goal"), "model": self.tr("Choose a model"), "import": self.tr("Import adapter…")},
        )
        self.search, self.table = QLineEdit(), RunsTable()
        self.search.setClearButtonEnabled(True)
        self.search.setPlaceholderText(self.tr("Search by name, model, technique or state"))
        self.search.setAccessibleName(self.tr("Search runs"))
        self.nothing = words(self.tr("No run has these words."), "quiet")
        self.open, self.clone = Button(self.tr("Open"), "primary"), Button(self.tr("Use its recipe again"))
        self.resume, self.train_on = Button(self.tr("Resume")), Button(self.tr("Train on"))
        self.train_on.setToolTip(self.tr("Trains the adapter of this run further, with the data that are chosen now."))
        self.import_adapter = Button(self.tr("Import adapter…"))
        self.imported = ImportCard()
        self.read_again = Button(self.tr("Read again"))
        self.table.setMinimumHeight(180)
        self._card = Card()
        self._card.body.setContentsMargins(12, 12, 12, 12)
        above = QHBoxLayout()
        above.setSpacing(10)
        above.addWidget(self.search, 1)
        above.addWidget(self.import_adapter)
        self._card.body.addLayout(above)
        self._card.body.addWidget(self.nothing)
        self._card.body.addWidget(self.table, 1)
        self._advice = self._build_advice()
        self._card.body.addWidget(self._advice)
        self._full = QWidget()
        self._full.setObjectName("plain")
        column = QVBoxLayout(self._full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addWidget(self._card, 1)
        column.addLayout(self._button_row())
        self.column.addWidget(self.imported)
        self.column.addWidget(self.empty)
        self.column.addWidget(self._full, 1)
        self.column.addStretch(0)

    def _button_row(self) -> FlowRow:
        row = FlowRow(spacing=10)
        for button in (self.open, self.resume, self.train_on, self.clone):
            row.addWidget(button)
        row.add_trailing(self.read_again)
        return row

    def _build_advice(self) -> QFrame:
        """What the held-out rows say about the chosen run."""
        box = QFrame()
        box.setProperty("box", "advice")
        inner = QVBoxLayout(box)
        inner.setContentsMargins(12, 9, 12, 9)
        self.judged = words("", wrap=True, selectable=True)
        self.judged.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)  # as high as at the real width
        inner.addWidget(self.judged)
        return box

    def _connect(self) -> None:
        self._session.runs_changed.connect(self._refresh)
        self._session.import_changed.connect(self._show_import)
        self.imported.chosen.connect(self._lead_on)
        self.imported.cancel_asked.connect(self._session.cancel_import)
        self.import_adapter.clicked.connect(self._choose_adapter)
        self.train_on.clicked.connect(self._train_on)
        self.empty.chosen.connect(self._lead_on)
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self.table.setFocus)
        self.table.opened.connect(self._open)
        self.table.chosen.connect(self._judge)
        self.open.clicked.connect(lambda: self._open(self.table.record()))
        self.clone.clicked.connect(self._clone)
        self.resume.clicked.connect(self._resume)
        self.read_again.clicked.connect(lambda: self._session.refresh_runs())
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)

    def _refresh(self) -> None:
        records = self._session.runs
        self.empty.setVisible(not records)
        self._full.setVisible(bool(records))
        self.table.show_records(records)
        counted = plural(self.tr("{count} run"), self.tr("{count} runs"), len(records))
        self.say(self.tr("{runs} on this machine, newest first.").format(runs=counted) if records else self.tr("What was trained here."))
        self._search(self.search.text())

    def _search(self, text: str) -> None:
        self.table.search(text)
        self.nothing.setVisible(self.table.model().rowCount() == 0)
        self._judge(self.table.record())

    def _judge(self, record: RunRecord | None) -> None:
        said = with_titles(judgement(record.run)) if record is not None else ""
        self.judged.setText(said)
        self._advice.setVisible(bool(said))
        self.open.setEnabled(record is not None)
        self.clone.setEnabled(record is not None)
        self.train_on.setEnabled(record is not None and record.run.ended and "adapter" in record.run.artifacts)
        broken_off = record is not None and record.run.ended and record.run.state != "finished" and bool(record.run.checkpoints)
        self.resume.setEnabled(broken_off and not self._session.is_training)

    def _open(self, record: RunRecord | None) -> None:
        if record is not None:
            self._session.show_run(record.path)
            self._session.page_requested.emit("train")

    def _resume(self) -> None:
        record = self.table.record()
        if record is not None:
            self._session.resume_from(record.path)

    def _clone(self) -> None:
        record = self.table.record()
        if record is not None:
            self._session.clone_recipe(record.path)

    def _train_on(self) -> None:
        record = self.table.record()
        if record is not None:
            self._session.train_on(record.path)

    # adapters that were made elsewhere

    def _show_import(self) -> None:
        self.imported.show_import(self._session.import_run, self._session.import_folder.name)
        self.import_adapter.setEnabled(not self._session.is_importing)

    def _choose_adapter(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("An adapter's folder, with adapter_config.json"))
        if folder:
            self._session.import_adapter(folder)

    def _lead_on(self, action: str) -> None:
        session = self._session
        verdict = session.import_run.imported if session.import_run is not None else None
        if action in ("import", "again"):
            self._choose_adapter()
        elif action == "close":
            session.close_import()
        elif action == "train_on" and verdict is not None:
            session.train_on(verdict.run)
        else:
            if action in ("chat", "export") and verdict is not None:
                session.show_run(verdict.run)
            session.page_requested.emit(action)
