"""Model: what lies on this machine, whether it can be tuned and why not, and which one is chosen."""

from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem
from phitune_gui.ui.session import Session
from phitune_gui.ui.tables.models_table import ModelsTable
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.facts import Facts
from phitune_gui.ui.widgets.figures import bytes_text, count_text
from phitune_gui.ui.widgets.page_frame import PageFrame
from phitune_gui.ui.widgets.problem_list import ProblemList
from phitune_gui.ui.widgets.table_view import TableView
from phitune_gui.ui.widgets.words import words


class ModelPage(PageFrame):
    """The table on top, the selected model's details below."""

    def __init__(self, session: Session) -> None:
        super().__init__("")
        self._session = session
        self._build()
        self._connect()
        self._show_models()
        self._show_starter()

    def _build(self) -> None:
        self.title.setText(self.tr("Model"))
        self.setAccessibleName(self.tr("Model"))
        self.table = ModelsTable(self)
        self.view = TableView(self.table, self.tr("Models on this machine"), stretch=4)
        self.empty = words(
            self.tr("No model was found yet. Make the small starter model ready, or add the folder where your Phi models lie."),
            "quiet", wrap=True
        )  # fmt: skip
        self.again, self.add = Button(self.tr("Look again"), "chip"), Button(self.tr("Add folder…"), "chip")
        self.starter = Button(self.tr("Make the starter model ready"))
        for chip in (self.again, self.add):
            chip.setCheckable(False)
        card = Card(self.tr("On this machine"))
        card.head.addWidget(self.again)
        card.head.addWidget(self.add)
        card.body.addWidget(self.view)
        card.body.addWidget(self.empty)
        row = QHBoxLayout()
        row.addWidget(self.starter)
        row.addStretch(1)
        card.body.addLayout(row)
        self.column.addWidget(card)
        self._build_details()
        self.column.addStretch(1)

    def _build_details(self) -> None:
        self.details = Card(" ")
        self.use = Button(self.tr("Use this model"), "primary")
        self.details.head.addWidget(self.use)
        self.facts, self.reasons = Facts(), ProblemList()
        self.notes = words("", "small", wrap=True)
        for part in (self.reasons, self.facts, self.notes):
            self.details.body.addWidget(part)
        self.details.hide()
        self.column.addWidget(self.details)

    def _connect(self) -> None:
        self.again.clicked.connect(lambda: self._session.scan_models())
        self.add.clicked.connect(self._add_folder)
        self.starter.clicked.connect(lambda: self._session.make_starter())
        self.use.clicked.connect(self._use)
        self.view.row_opened.connect(lambda _row: self._use())
        self.view.selectionModel().selectionChanged.connect(lambda *_both: self._show_details())
        self._session.models_changed.connect(self._show_models)
        self._session.model_changed.connect(self._show_models)
        self._session.starter_changed.connect(self._show_starter)

    @property
    def selected(self) -> BaseModel | None:
        """The model of the current row, else the chosen one."""
        index = self.view.currentIndex()
        if index.isValid() and self.view.selectionModel().hasSelection():
            return self.table.models[index.row()]
        return self._session.model

    def _show_models(self) -> None:
        session = self._session
        kept = self.selected
        self.table.show_models(session.models, session.recipe.model.path)
        if kept in session.models:
            self.view.selectRow(session.models.index(kept))
        elif session.models:
            self.view.selectRow(0)
        usable = sum(model.usable for model in session.models)
        if session.scanning:
            self.say(self.tr("Looking through your model folders …"))
        elif session.models:
            self.say(self.tr("{all} found, {usable} can be tuned here.").format(all=len(session.models), usable=usable))
        else:
            self.say(self.tr("The model that learns. It is never changed: what it learns is kept beside it."))
        self.view.setVisible(bool(session.models))
        self.empty.setVisible(not session.models and not session.scanning)
        self.again.setEnabled(not session.scanning)
        self._show_details()
        self._show_starter()

    def _show_starter(self) -> None:
        making = self._session.starter_run is not None
        has_starter = any(model.family.lower().startswith("starter") for model in self._session.models)
        self.starter.setVisible(not has_starter and not self._session.scanning)
        self.starter.setEnabled(not making)
        self.starter.setText(self.tr("Making it ready …") if making else self.tr("Make the starter model ready"))

    def _show_details(self) -> None:
        model = self.selected
        self.details.setVisible(model is not None)
        if model is None:
            return
        chosen = model.path == self._session.recipe.model.path
        self.details.title.setText(model.name)
        self.use.setVisible(model.usable and not chosen)
        refused = (Problem(where=model.path, what=declared(model.reason), how_to_fix=declared(model.how_to_fix)),)
        self.reasons.show_problems(() if model.usable else refused)
        self.facts.show_facts(self._facts(model))
        self.notes.setText("\n".join(declared(note) for note in model.notes))
        self.notes.setVisible(bool(model.notes))

    def _facts(self, model: BaseModel) -> list[tuple[str, str]]:
        shape = self.tr("{layers} layers, {hidden} wide, {heads} heads").format(layers=model.layers, hidden=model.hidden, heads=model.heads)
        return [
            (self.tr("Family"), model.family),
            (self.tr("Parameters"), count_text(model.parameters) if model.parameters else ""),
            (self.tr("On disk"), f"{bytes_text(model.weight_bytes)} · {model.dtype}" if model.weight_bytes else ""),
            (self.tr("Context"), self.tr("{count} tokens").format(count=count_text(model.context)) if model.context else ""),
            (self.tr("Shape"), shape if model.layers else ""),
            (self.tr("Licence"), model.licence),
            (self.tr("Folder"), model.path),
        ]

    def _use(self) -> None:
        model = self.selected
        if model is not None and model.usable:
            self._session.choose_model(model.path)

    def _add_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder with models"))
        if folder:
            self._session.add_model_folder(folder)
