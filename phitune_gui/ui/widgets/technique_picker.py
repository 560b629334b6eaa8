"""The ways to train as small cards side by side, and below them the chosen one told in full."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.catalog.techniques import Technique
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.choice_card import ChoiceCard
from phitune_gui.ui.widgets.columns import Columns
from phitune_gui.ui.widgets.words import words

FIRST = 6
"""So many are shown at once; the rest is one press away, so that the form below is not buried."""
_MARK = re.compile(r"[,.:;](?: |$)")


class TechniqueTile(ChoiceCard):
    """A technique's name and, in a few words, what it does."""

    def __init__(self, offered: Technique[Any]) -> None:
        super().__init__()
        self.id = offered.id
        self.body.setContentsMargins(12, 8, 12, 8)
        self.body.setSpacing(2)
        head = QHBoxLayout()
        head.addWidget(words(declared(offered.label), "strong"))
        head.addStretch(1)
        self.not_here = words(self.tr("not here"), "bad")
        head.addWidget(self.not_here)
        self.body.addLayout(head)
        self._summary = declared(offered.summary)
        self.line = words("", "small", wrap=True)
        self.body.addWidget(self.line)
        self.body.addStretch(1)
        self.setAccessibleName(declared(offered.label))
        self.show_refusal("")
        self.seal()

    def show_refusal(self, why: str) -> None:
        """Greys the card and says why it does not work here; an empty reason takes that back."""
        self.not_here.setVisible(bool(why))
        self.setEnabled(not why)
        self.line.setText(_in_short(why or self._summary))
        for widget in (self, self.line):
            widget.setToolTip(why or self._summary)
        self.setAccessibleDescription(why or self._summary)


def _in_short(text: str) -> str:
    """What comes before the first mark; all of it is the card's tip."""
    return _MARK.split(text, maxsplit=1)[0]


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
        self.refused = words("", "wrong", wrap=True)
        self.body.addWidget(self.refused)

    def tell(self, offered: Technique[Any], refused: str = "") -> None:
        """Shows this technique, and why it does not work here where it does not."""
        self.refused.setText(refused)
        self.refused.setVisible(bool(refused))
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
        column.addWidget(grid)
        column.addWidget(self.more)
        column.addWidget(self.detail)
        self._refusals: Mapping[str, str] = {}
        self._chosen = ""
        self._show_rest(False)

    def show_refusals(self, refusals: Mapping[str, str]) -> None:
        """Greys the techniques that do not work here, each with its reason."""
        if refusals != self._refusals:
            self._refusals = refusals
            for id, tile in self.tiles.items():
                tile.show_refusal(refusals.get(id, ""))
            self.show_chosen(self._chosen)

    def show_chosen(self, id: str) -> None:
        """Tells the recipe's technique and marks its card; one that PhiTune does not know is marked nowhere."""
        self._chosen, offered = id, self._offered.get(id)
        self.detail.setVisible(offered is not None)
        if offered is None:
            return
        self.detail.tell(offered, self._refusals.get(id, ""))
        self.tiles[id].setChecked(True)
        if list(self.tiles).index(id) >= FIRST:
            self.more.setChecked(True)

    def _show_rest(self, opened: bool) -> None:
        for place, tile in enumerate(self.tiles.values()):
            tile.setVisible(opened or place < FIRST or tile.isChecked())
        fewer, all_of_them = self.tr("Show fewer"), self.tr("Show all {count} ways to train").format(count=len(self.tiles))
        self.more.setText(fewer if opened else all_of_them)
        self.more.setAccessibleName(self.more.text())
