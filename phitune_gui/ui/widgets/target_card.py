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
        if mark:
            head.addWidget(words(mark, "good"))
        self.body.addLayout(head)
        self.body.addWidget(words(summary, "small", wrap=True))
        self.cost = words("", "small", wrap=True)
        self.body.addStretch(1)
        self.body.addWidget(self.cost)
        self.seal()
        self.say_cost("")

    def say_cost(self, cost: str) -> None:
        """Shows size and memory need; empty when they are not known yet."""
        self.cost.setText(cost)
        self.cost.setVisible(bool(cost))
        self.setAccessibleName(self._label)
        self.setAccessibleDescription(f"{self._summary} {cost}".strip())
