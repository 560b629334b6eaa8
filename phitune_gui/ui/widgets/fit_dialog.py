"""Make it fit: what would be changed, what each change saves and costs, before anything is changed."""

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.core.plan import Change
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.figures import bytes_text
from phitune_gui.ui.widgets.words import words


class FitDialog(QDialog):
    """Accepted means: make these changes; they are one undo step."""

    def __init__(self, changes: Sequence[Change], labels: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Make it fit"))
        self.setMinimumWidth(480)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(12)
        column.addWidget(words(self.tr("These changes make the run fit into this machine's memory:"), "body", wrap=True))
        card = Card()
        for change in changes:
            head = f"{labels.get(change.field, change.field)}: {change.value}"
            saves = self.tr("saves {size}").format(size=bytes_text(change.saves_bytes)) if change.saves_bytes else ""
            row = QHBoxLayout()
            row.addWidget(words(head, "strong"))
            row.addStretch(1)
            row.addWidget(words(saves, "good"))
            card.body.addLayout(row)
            card.body.addWidget(words(change.costs, "small", wrap=True))
        column.addWidget(card)
        self.apply, cancel = Button(self.tr("Make these changes"), "primary"), Button(self.tr("Cancel"))
        self.apply.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.apply)
        column.addLayout(foot)
