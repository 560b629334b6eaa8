"""The nine scenarios of the document's table as small cards: a press says what a person wants to do."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from phitune_gui.catalog.scenarios import Scenario
from phitune_gui.ui.translation import declared, in_tamil, scenario_titles
from phitune_gui.ui.widgets.choice_card import ChoiceCard
from phitune_gui.ui.widgets.columns import Columns
from phitune_gui.ui.widgets.words import words

LEAST, LEAST_TAMIL = 150, 230
"""Widths in px; Tamil words are long, and its titles are sentences."""


class ScenarioTile(ChoiceCard):
    """A scenario in a few words; the tooltip has its whole title in both languages of the table."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self.setCheckable(False)
        first, second = scenario_titles(scenario)
        self.body.setContentsMargins(14, 10, 14, 10)
        self.body.setSpacing(2)
        self.body.addWidget(words(declared(scenario.label), "strong", wrap=True))
        self.body.addWidget(words(first if in_tamil() else declared(scenario.hint), "small", wrap=True))
        self.body.addStretch(1)
        self.setToolTip(f"{first}\n{second}")
        self.setAccessibleName(declared(scenario.label))
        self.setAccessibleDescription(first)
        self.seal()


class ScenarioGrid(QWidget):
    """Emits `chosen` with the id of a scenario that a person pressed."""

    chosen = Signal(str)

    def __init__(self, scenarios: Sequence[Scenario], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self.tiles = {scenario.id: ScenarioTile(scenario) for scenario in scenarios}
        grid = Columns(most=3, least=LEAST_TAMIL if in_tamil() else LEAST, spacing=10)
        for id, tile in self.tiles.items():
            grid.add(tile)
            tile.clicked.connect(lambda _checked=False, id=id: self.chosen.emit(id))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(grid)
