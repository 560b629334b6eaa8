"""One export target as a card to choose: what it is, how large it gets, how much memory making it takes."""

from PySide6.QtWidgets import QHBoxLayout, QWidget

from phitune_gui.ui.widgets.choice_card import ChoiceCard
from phitune_gui.ui.widgets.words import words


class TargetCard(ChoiceCard):
    """A target with its cost below."""

    def __init__(self, id: str, label: str, summary: str, mark: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.id = id
        self._label, self._summary = label, summary
        head = QHBoxLayout()
        head.addWidget(words(label, "strong"))
        head.addStretch(1)
        self._mark = words(mark, "good")
        head.addWidget(self._mark)
        self.body.addLayout(head)
        self.body.addWidget(words(summary, "small", wrap=True))
        self.cost = words("", "small", wrap=True)
        self.refused = words("", "small", wrap=True)
        self.body.addStretch(1)
        self.body.addWidget(self.cost)
        self.body.addWidget(self.refused)
        self.seal()
        self.setAccessibleName(label)
        self._tell("", "")

    def say_cost(self, cost: str) -> None:
        """Shows size and memory need; empty when they are not known yet."""
        self._tell(cost, self.refused.text())

    def show_refusal(self, why: str) -> None:
        """Greys the card and says why this cannot be made of the run; an empty reason takes that back."""
        self.setEnabled(not why)
        self._tell(self.cost.text(), why)

    def _tell(self, cost: str, why: str) -> None:
        self.cost.setText(cost)
        self.cost.setVisible(bool(cost) and not why)
        self.refused.setText(why)
        self.refused.setVisible(bool(why))
        self._mark.setVisible(bool(self._mark.text()) and not why)
        self.setAccessibleDescription(f"{self._summary} {why or cost}".strip())
