"""Tune: how the weights are trained, how long and how carefully."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QRadioButton, QVBoxLayout

from phitune_gui.catalog.techniques import TECHNIQUES, Technique, read_options, technique
from phitune_gui.core.recipe import Recipe, TrainingSection
from phitune_gui.core.value import Value
from phitune_gui.ui.session import Session
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.options_form import OptionsForm
from phitune_gui.ui.widgets.page_frame import PageFrame
from phitune_gui.ui.widgets.words import restyle, words


class TechniqueCard(Card):
    """One way to train: what it is and what can be made of the result."""

    chosen = Signal(str)

    def __init__(self, offered: Technique[Any]) -> None:
        super().__init__()
        self.offered = offered
        self.radio = QRadioButton(declared(offered.label))
        self.radio.setAccessibleDescription(declared(offered.summary))
        self.radio.clicked.connect(lambda: self.chosen.emit(offered.id))
        self.body.setSpacing(4)
        self.body.addWidget(self.radio)
        self.body.addWidget(words(declared(offered.summary), "small", wrap=True))
        can = [self.tr("can be merged")] * offered.can_merge + [self.tr("can be exported to ONNX")] * offered.can_export
        self.body.addWidget(words(" · ".join(can), "good" if can else "small"))

    def show_chosen(self, chosen: bool) -> None:
        """Shows whether this technique is the recipe's."""
        self.radio.setChecked(chosen)
        if bool(self.property("chosen")) != chosen:
            self.setProperty("chosen", chosen)
            restyle(self)


class TunePage(PageFrame):
    """Technique cards, the technique's options, then training."""

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
        self.cards = [TechniqueCard(offered) for offered in TECHNIQUES]
        group = QButtonGroup(self)
        for card in self.cards:
            group.addButton(card.radio)
            self.column.addWidget(card)
        self.options = Card(self.tr("Options"))
        self.options_title: QLabel = self.options.title
        self.options_place = QVBoxLayout()
        self.options.body.addLayout(self.options_place)
        self.options_form: OptionsForm | None = None
        self.column.addWidget(self.options)
        self.training = OptionsForm(TrainingSection, "training")
        self.name = OptionsForm(Recipe, "", ("name",))
        for title, form in ((self.tr("Training"), self.training), (self.tr("This run"), self.name)):
            place = Card(title)
            place.body.addWidget(form)
            self.column.addWidget(place)
        self.column.addStretch(1)

    def _connect(self) -> None:
        for form in (self.training, self.name):
            form.edited.connect(self._session.set_value)
            form.reset_asked.connect(self._session.reset_value)
            form.wrong.connect(self._session.mark_field)
        for card in self.cards:
            card.chosen.connect(lambda id: self._session.set_value("technique", {"id": id}))
        self._session.recipe_changed.connect(self._show_recipe)

    def _show_recipe(self) -> None:
        recipe = self._session.recipe
        for card in self.cards:
            card.show_chosen(card.offered.id == recipe.technique.id)
        self._show_options(recipe)
        self.training.show_values(recipe.training, TrainingSection())
        self.name.show_values(recipe, Recipe())

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
