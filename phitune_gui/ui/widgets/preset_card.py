"""Presets to start from, and what the applied one did."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from phitune_gui.catalog.presets import Preset
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.pick_box import PickBox
from phitune_gui.ui.widgets.words import restyle, words

_WIDTH = 220


class PresetCard(Card):
    """Emits `chosen` with the id of a preset that a person picked."""

    chosen = Signal(str)

    def __init__(self, presets: Sequence[Preset]) -> None:
        super().__init__()
        self._presets = {preset.id: preset for preset in presets}
        self.box = PickBox(self.tr("Choose a preset"), self.tr("Preset"))
        self.box.setMinimumWidth(_WIDTH)
        for preset in presets:
            self.box.addItem(declared(preset.label), preset.id)
            self.box.setItemData(self.box.count() - 1, declared(preset.summary), Qt.ItemDataRole.ToolTipRole)
        self.box.activated.connect(lambda place: self.chosen.emit(self.box.itemData(place)))
        said = QVBoxLayout()
        said.setSpacing(2)
        said.addWidget(words(self.tr("Start from a preset"), "body"))
        help_text = self.tr("Sets technique, training and row length together. One undo takes it back.")
        said.addWidget(words(help_text, "small", wrap=True))
        self.box.setAccessibleDescription(help_text)
        row = QHBoxLayout()
        row.addLayout(said, 1)
        row.addWidget(self.box)
        self.body.addLayout(row)
        self.told = QFrame()
        self.why, self.source = words("", "body", wrap=True), words("", "small", wrap=True)
        inside = QVBoxLayout(self.told)
        inside.setContentsMargins(12, 8, 12, 8)
        inside.setSpacing(4)
        inside.addWidget(self.why)
        inside.addWidget(self.source)
        self.body.addWidget(self.told)
        self.show_applied("", "", fits=True)

    def show_applied(self, id: str, why: str, fits: bool) -> None:
        """Shows which preset the recipe still is, and why it looks so; an empty id when it is none."""
        self.box.pick(id)
        self.told.setVisible(bool(id))
        if not id:
            return
        self.why.setText(why)
        self.source.setText(self.tr("Source: {source}").format(source=declared(self._presets[id].source)))
        self.told.setProperty("box", "good" if fits else "advice")
        for widget in (self.told, self.why, self.source):
            restyle(widget)
