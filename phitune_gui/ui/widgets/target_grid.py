"""The export targets to choose from: Automatic first and wide, then the others side by side."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QWidget

from phitune_gui.catalog.exports import ExportTarget
from phitune_gui.core.base_model import BaseModel
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.columns import Columns
from phitune_gui.ui.widgets.figures import bytes_text
from phitune_gui.ui.widgets.target_card import TargetCard

AUTO = "auto"


class TargetGrid(Columns):
    """Emits `chosen` with the id of a target."""

    chosen = Signal(str)

    def __init__(self, targets: Sequence[ExportTarget], parent: QWidget | None = None) -> None:
        super().__init__(most=2, least=290, parent=parent)
        self._targets, self._left = targets, ""
        automatic = TargetCard(
            AUTO,
            self.tr("Automatic"),
            self.tr("Tries ONNX from the smallest number format up and keeps the first that answers like the original."),
            self.tr("recommended"),
        )
        self.cards = {AUTO: automatic}
        self.cards |= {target.id: TargetCard(target.id, declared(target.label), declared(target.summary)) for target in targets}
        self._group = QButtonGroup(self)
        for card in self.cards.values():
            self._group.addButton(card)
            self.add(card, wide=card is automatic)
            card.clicked.connect(lambda _checked, id=card.id: self.chosen.emit(id))
        automatic.setChecked(True)

    @property
    def choice(self) -> str:
        """Id of the chosen target."""
        return next(id for id, card in self.cards.items() if card.isChecked())

    def show_costs(self, model: BaseModel | None, memory_bytes: int = 0) -> None:
        """Says size and memory of every target for this model on a machine with so much memory; nothing while the model is not known."""
        for target in self._targets:
            known = model is not None and model.parameters > 0
            self.cards[target.id].say_cost(self._cost(target, model, memory_bytes) if known and model is not None else "")

    def show_refusals(self, refusals: Mapping[str, str]) -> None:
        """Greys the targets that cannot be made, each with its reason; a chosen one gives way to the first that can be, until it can."""
        for id, card in self.cards.items():
            card.show_refusal(refusals.get(id, ""))
        if self.choice in refusals:
            self._left = self.choice
            self.cards[next((id for id in self.cards if id not in refusals), AUTO)].setChecked(True)
        elif self._left and self._left not in refusals:
            self.cards[self._left].setChecked(True)
            self._left = ""

    def _cost(self, target: ExportTarget, model: BaseModel, memory_bytes: int) -> str:
        need = target.memory_estimate(model)
        text = self.tr("about {size} · needs {memory} of memory to make")
        said = text.format(size=bytes_text(target.bytes_estimate(model)), memory=bytes_text(need))
        if 0 < memory_bytes < need:
            said += self.tr(", this machine has {memory}").format(memory=bytes_text(memory_bytes))
        return said
