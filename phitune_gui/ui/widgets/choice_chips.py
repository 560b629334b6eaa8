"""A row of chips of which one is chosen; more buttons may stand behind them, and all wrap when the page is narrow."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QWidget

from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.flow_row import FlowRow


class ChoiceChips(QWidget):
    """Emits `chosen` with the place of a chip that a person pressed. Put further buttons into `row`."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self.row = FlowRow(self)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)

    @property
    def labels(self) -> list[str]:
        """What the chips say now."""
        return [button.text() for button in self.buttons]

    @property
    def buttons(self) -> list[Button]:
        """The chips in order."""
        return [button for button in self._group.buttons() if isinstance(button, Button)]

    @property
    def place(self) -> int:
        """Place of the chosen chip; -1 when there is none."""
        return self._group.checkedId()

    def choose(self, place: int) -> None:
        """Chooses the chip at this place without telling."""
        button = self._group.button(place)
        if button is not None:
            button.setChecked(True)

    def offer(self, labels: Sequence[str], tips: Sequence[str] = ()) -> None:
        """Shows these choices; none of them is chosen yet."""
        for button in self._group.buttons():
            self._group.removeButton(button)
            self.row.removeWidget(button)
            button.hide()
            button.deleteLater()
        for place, label in enumerate(labels):
            chip = Button(label, "chip")
            chip.setToolTip(tips[place] if tips else "")
            self._group.addButton(chip, place)
            self.row.insert_at(place, chip)
