"""Advice: what a person wants to do, and the techniques ranked for it on this machine."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QVBoxLayout

from phitune_gui.catalog.scenarios import Scenario
from phitune_gui.planning.advise import Place
from phitune_gui.ui.translation import declared, scenario_titles
from phitune_gui.ui.widgets.amounts import span_text
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.choice_card import ChoiceCard
from phitune_gui.ui.widgets.figures import bytes_text
from phitune_gui.ui.widgets.pick_box import PickBox
from phitune_gui.ui.widgets.words import words

FIRST = 3
_LETTERS = 24
_LIST_WIDTH = 620
"""Scenario names are sentences; the box is narrow, its list wide, and the tooltip has the whole name in both languages."""


class PlaceCard(ChoiceCard):
    """One place of the ranking: memory and time, the reason, and what the document says."""

    def __init__(self, number: int, place: Place) -> None:
        super().__init__()
        self.place = place
        self.body.setContentsMargins(12, 9, 12, 9)
        self.body.setSpacing(3)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(words(f"{number}", "quiet"))
        head.addWidget(words(declared(place.label), "strong"))
        if place.document_says != place.corrected:
            head.addWidget(words(self.tr("table corrected"), "pill"))
        head.addStretch(1)
        if place.memory_bytes:
            head.addWidget(words(f"{bytes_text(place.memory_bytes)} · {span_text(place.seconds)}", "value"))
        if not place.works_here:
            head.addWidget(words(self.tr("not here"), "bad"))
        self.body.addLayout(head)
        leads = "" if place.can_be_chosen else self.tr("Press to see how a run is started.")
        for said in filter(None, (place.reason, place.why, leads)):
            self.body.addWidget(words(said, "small", wrap=True))
        self.setAccessibleName(declared(place.label))
        self.setAccessibleDescription(" ".join(filter(None, (place.reason, place.why, leads))))
        self.setCheckable(place.can_be_chosen)
        self.seal()


class AdviceCard(Card):
    """Emits `scenario_chosen` with an id, `place_chosen` with a Place, and `launchers_asked` for what is no technique."""

    scenario_chosen = Signal(str)
    place_chosen = Signal(object)
    launchers_asked = Signal()

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        super().__init__()
        self._titles: dict[str, tuple[str, str]] = {}
        self.box = PickBox(self.tr("Choose what it is for"), self.tr("Scenario"))
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(_LETTERS)
        for scenario in scenarios:
            first, second = self._titles[scenario.id] = scenario_titles(scenario)
            self.box.addItem(first, scenario.id)
            self.box.setItemData(self.box.count() - 1, f"{first}\n{second}", Qt.ItemDataRole.ToolTipRole)
        self.box.view().setMinimumWidth(_LIST_WIDTH)
        self.box.activated.connect(lambda place: self.scenario_chosen.emit(self.box.itemData(place)))
        said = QVBoxLayout()
        said.setSpacing(2)
        said.addWidget(words(self.tr("Advice"), "body"))
        said.addWidget(words(self.tr("Ranks the techniques for your purpose, these data and this machine."), "small", wrap=True))
        row = QHBoxLayout()
        row.addLayout(said, 1)
        row.addWidget(self.box)
        self.body.addLayout(row)
        self.whole, self.assumed = words("", "body", wrap=True), words("", "small", wrap=True)
        self.body.addWidget(self.whole)
        self.body.addWidget(self.assumed)
        self.places_row = QVBoxLayout()
        self.places_row.setSpacing(8)
        self.body.addLayout(self.places_row)
        self.more = Button("", "link")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_rest)
        self.body.addWidget(self.more)
        self.cards: list[PlaceCard] = []
        self._shown: tuple[Place, ...] = ()
        self._group = QButtonGroup(self)
        self.show_ranking("", (), "", "")

    def show_ranking(self, scenario: str, places: Sequence[Place], technique: str, assumed: str) -> None:
        """Shows the ranking for a scenario and marks the recipe's technique; nothing while no scenario is chosen."""
        self.box.pick(scenario)
        self.whole.setText(" · ".join(self._titles.get(scenario, ())))
        self.whole.setVisible(bool(self.whole.text()))
        self.assumed.setText(assumed)
        self.assumed.setVisible(bool(assumed and places))
        if tuple(places) != self._shown:
            self._shown = tuple(places)
            self._rebuild()
        for card in self.cards:
            card.setChecked(card.place.technique == technique)
        self._show_rest(self.more.isChecked())

    def _rebuild(self) -> None:
        focused = next((card.place.technique for card in self.cards if card.hasFocus()), "")
        for card in self.cards:
            self._group.removeButton(card)
            self.places_row.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [PlaceCard(number, place) for number, place in enumerate(self._shown, 1)]
        for card in self.cards:
            self.places_row.addWidget(card)
            if card.place.can_be_chosen:
                self._group.addButton(card)
                card.clicked.connect(lambda _checked, place=card.place: self.place_chosen.emit(place))
            else:
                card.clicked.connect(self.launchers_asked)
            if card.place.technique == focused:
                card.setFocus()

    def _show_rest(self, opened: bool) -> None:
        for place, card in enumerate(self.cards):
            card.setVisible(opened or place < FIRST)
        fewer, whole = self.tr("Show fewer"), self.tr("Show all {count} places").format(count=len(self.cards))
        self.more.setText(fewer if opened else whole)
        self.more.setAccessibleName(self.more.text())
        self.more.setVisible(len(self.cards) > FIRST)
