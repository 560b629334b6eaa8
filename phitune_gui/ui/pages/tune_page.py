"""Tune: how the weights are trained, how long and how carefully."""

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QVBoxLayout

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.presets import PRESETS
from phitune_gui.catalog.scenarios import SCENARIOS
from phitune_gui.catalog.techniques import TECHNIQUES, Technique, read_options, technique
from phitune_gui.catalog.techniques.going_on import start_problem
from phitune_gui.core.recipe import Recipe, TrainingSection
from phitune_gui.core.value import Value
from phitune_gui.planning.advise import Place
from phitune_gui.ui.run_titles import start_name, title_of
from phitune_gui.ui.session import Session
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.advice_card import AdviceCard
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.launcher_card import LauncherCard
from phitune_gui.ui.widgets.options_form import OptionsForm
from phitune_gui.ui.widgets.page_frame import PageFrame
from phitune_gui.ui.widgets.place_dialog import PlaceDialog
from phitune_gui.ui.widgets.preset_card import PresetCard
from phitune_gui.ui.widgets.start_card import StartCard
from phitune_gui.ui.widgets.technique_picker import TechniquePicker


class TunePage(PageFrame):
    """A preset or advice to start from, the technique, its options, then training."""

    def __init__(self, session: Session) -> None:
        super().__init__("")
        self._session = session
        self._shown = ""
        self._build()
        self._connect()
        self._show_recipe()

    def _build(self) -> None:
        self.title.setText(self.tr("Tune"))
        self.setAccessibleName(self.tr("Tune"))
        self.say(self.tr("The defaults are a good start: a model and data are enough. Changed values are bold and can be set back."))
        self.start = StartCard()
        self.presets = PresetCard(PRESETS)
        self.advice = AdviceCard(SCENARIOS)
        self.techniques = TechniquePicker(TECHNIQUES)
        for part in (self.start, self.presets, self.advice, self.techniques):
            self.column.addWidget(part)
        self.options = Card(self.tr("Options"))
        self.options_title: QLabel = self.options.title
        self.options_place = QVBoxLayout()
        self.options.body.addLayout(self.options_place)
        self.options_form: OptionsForm | None = None
        self.column.addWidget(self.options)
        self.training = OptionsForm(TrainingSection, "training")
        self.name = OptionsForm(Recipe, "", ("name",))
        self.launchers = LauncherCard(LAUNCHERS)
        training, name = Card(self.tr("Training")), Card(self.tr("This run"))
        training.body.addWidget(self.training)
        name.body.addWidget(self.name)
        for place in (training, self.launchers, name):
            self.column.addWidget(place)
        self.column.addStretch(1)

    def _connect(self) -> None:
        session = self._session
        for form in (self.training, self.name, *self.launchers.forms.values()):
            form.edited.connect(session.set_value)
            form.reset_asked.connect(session.reset_value)
            form.wrong.connect(session.mark_field)
        self.start.afresh_asked.connect(session.begin_afresh)
        self.start.technique_asked.connect(session.take_start_technique)
        session.plan_changed.connect(self._show_start)
        self.techniques.chosen.connect(self._choose_technique)
        self.advice.place_chosen.connect(self._choose_place)
        self.advice.launchers_asked.connect(self.open_launchers)
        self.advice.scenario_chosen.connect(session.choose_scenario)
        self.presets.chosen.connect(session.apply_preset)
        self.launchers.chosen.connect(session.choose_launcher)
        self.launchers.more.toggled.connect(self._show_what_works)
        session.field_requested.connect(self._lead_to)
        session.recipe_changed.connect(self._show_recipe)
        session.plan_changed.connect(self._show_what_works)
        session.advice_changed.connect(self._show_advice)
        session.hardware_changed.connect(self._show_preset)

    def open_launchers(self) -> None:
        """Unfolds the ways to start and scrolls to them, once the page has made room."""
        self.launchers.more.setChecked(True)
        QTimer.singleShot(0, self, lambda: self.verticalScrollBar().setValue(self.launchers.y()))

    def _lead_to(self, field: str) -> None:
        if field.startswith("launcher."):
            self.open_launchers()

    def _choose_technique(self, id: str) -> None:
        """Another technique starts from its own defaults; the same one keeps its options."""
        if id != self._session.recipe.technique.id:
            self._session.set_value("technique", {"id": id})

    def _choose_place(self, place: Place) -> None:
        """What fits as it is is taken at once; what needs changes says which before anything is changed."""
        if not place.changes:
            self._choose_technique(place.technique)
            return
        dialog = PlaceDialog(place, self)
        dialog.accepted.connect(lambda: self._session.use_place(place))
        dialog.rejected.connect(self._show_advice)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _show_recipe(self) -> None:
        recipe = self._session.recipe
        self.techniques.show_chosen(recipe.technique.id)
        self._show_options(recipe)
        self.training.show_values(recipe.training, TrainingSection())
        self.name.show_values(recipe, Recipe())
        self.launchers.show_recipe(recipe)
        self._show_start()
        self._show_preset()
        self._show_advice()

    def _show_start(self) -> None:
        session, path = self._session, self._session.recipe.model.adapter
        problem = start_problem(session.recipe.technique, session.start)
        can_take = problem is not None and session.start is not None and session.start.technique is not None
        record = next((record for record in session.runs if str(record.path) == path), None)
        self.start.show_start(title_of(record.recipe) if record else start_name(path), path, problem, can_take=can_take)

    def _show_what_works(self) -> None:
        self.techniques.show_refusals(self._session.technique_refusals)
        if self.launchers.more.isChecked():  # each way is planned, so none that nobody sees
            self.launchers.show_rows(self._session.launcher_rows)

    def _show_preset(self) -> None:
        shown = self._session.shown_preset
        self.presets.box.setEnabled(self._session.hardware is not None)
        if shown is None:
            self.presets.show_applied("", "", fits=True)
        else:
            self.presets.show_applied(shown[0], shown[1].why, shown[1].fits)

    def _show_advice(self) -> None:
        session = self._session
        said = " ".join(filter(None, (session.advice_assumes, session.advice_order)))
        self.advice.show_ranking(session.scenario, session.advice, session.recipe.technique.id, said)

    def _show_options(self, recipe: Recipe) -> None:
        values = read_options(recipe.technique)
        self.options.setVisible(isinstance(values, Value) and bool(type(values).model_fields))
        if not isinstance(values, Value):
            return
        offered = technique(recipe.technique.id)
        if self._shown != offered.id:
            self._shown = offered.id
            self._make_form(offered)
        if self.options_form is not None:
            self.options_form.show_values(values, offered.options())

    def _make_form(self, offered: Technique[Any]) -> None:
        if self.options_form is not None:
            self._session.forget_fields("technique.")
            self.options_form.hide()
            self.options_form.deleteLater()
        self.options_title.setText(self.tr("Options of {technique}").format(technique=declared(offered.label)))
        form = self.options_form = OptionsForm(offered.options, "technique")
        form.edited.connect(self._session.set_value)
        form.reset_asked.connect(self._session.reset_value)
        form.wrong.connect(self._session.mark_field)
        self.options_place.addWidget(form)
