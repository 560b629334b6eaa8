"""The ways to train: the chosen one told in full, the others as small cards side by side."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QVBoxLayout, QWidget

from phitune_gui.catalog.techniques import Technique
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.choice_card import ChoiceCard
from phitune_gui.ui.widgets.columns import Columns
from phitune_gui.ui.widgets.one_line import OneLine
from phitune_gui.ui.widgets.words import words

FIRST = 6
"""So many are shown at once; the rest is one press away, so that the form below is not buried."""


class TechniqueTile(ChoiceCard):
    """A technique's name and what it does, on one line each."""

    def __init__(self, offered: Technique[Any]) -> None:
        super().__init__()
        self.id = offered.id
        self.body.setContentsMargins(12, 8, 12, 8)
        self.body.setSpacing(2)
        self.body.addWidget(words(declared(offered.label), "strong"))
        self.body.addWidget(OneLine(declared(offered.summary)))
        self.setToolTip(declared(offered.summary))
        self.setAccessibleName(declared(offered.label))
        self.setAccessibleDescription(declared(offered.summary))
        self.seal()


class ChosenTechnique(Card):
    """What the chosen technique does, when to take it, what it costs and what can be made of its result."""

    def __init__(self) -> None:
        super().__init__(" ")
        self.can = words("", "good", wrap=True)
        self.summary = words("", "body", wrap=True)
        self.when, self.costs = words("", "small", wrap=True), words("", "small", wrap=True)
        self.body.addWidget(self.summary)
        told = QGridLayout()
        told.setHorizontalSpacing(12)
        told.setVerticalSpacing(4)
        told.setColumnStretch(1, 1)
        for row, (key, said) in enumerate(((self.tr("When"), self.when), (self.tr("Costs"), self.costs))):
            told.addWidget(words(key, "key"), row, 0, Qt.AlignmentFlag.AlignTop)
            told.addWidget(said, row, 1)
        self.body.addLayout(told)
        self.body.addWidget(self.can)

    def tell(self, offered: Technique[Any]) -> None:
        """Shows this technique."""
        self.title.setText(declared(offered.label))
        self.summary.setText(declared(offered.summary))
        self.when.setText(declared(offered.when))
        self.costs.setText(declared(offered.costs))
        can = [self.tr("can be merged")] * offered.can_merge + [self.tr("can be exported to ONNX")] * offered.can_export
        self.can.setText(" · ".join(can))
        self.can.setVisible(bool(can))


class TechniquePicker(QWidget):
    """Emits `chosen` with the id of a technique that a person pressed."""

    chosen = Signal(str)

    def __init__(self, techniques: Sequence[Technique[Any]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self._offered = {offered.id: offered for offered in techniques}
        self.detail = ChosenTechnique()
        self.tiles = {offered.id: TechniqueTile(offered) for offered in techniques}
        grid = Columns(most=3, least=200, spacing=8)
        group = QButtonGroup(self)
        for tile in self.tiles.values():
            group.addButton(tile)
            grid.add(tile)
            tile.clicked.connect(lambda _checked, id=tile.id: self.chosen.emit(id))
        self.more = Button("", "link")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_rest)
        self.more.setVisible(len(self.tiles) > FIRST)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.detail)
        column.addWidget(grid)
        column.addWidget(self.more)
        self._show_rest(False)

    def show_chosen(self, id: str) -> None:
        """Tells the recipe's technique and marks its card; one that PhiTune does not know is marked nowhere."""
        offered = self._offered.get(id)
        self.detail.setVisible(offered is not None)
        if offered is None:
            return
        self.detail.tell(offered)
        self.tiles[id].setChecked(True)
        if list(self.tiles).index(id) >= FIRST:
            self.more.setChecked(True)

    def _show_rest(self, opened: bool) -> None:
        for place, tile in enumerate(self.tiles.values()):
            tile.setVisible(opened or place < FIRST or tile.isChecked())
        fewer, all_of_them = self.tr("Show fewer"), self.tr("Show all {count} ways to train").format(count=len(self.tiles))
        self.more.setText(fewer if opened else all_of_them)
        self.more.setAccessibleName(self.more.text())
