"""Taking advice: the technique and every change that comes with it, listed before anything is changed."""

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.planning.advise import Place
from phitune_gui.ui.field_titles import field_title
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.words import words

WIDTH = 480


class PlaceDialog(QDialog):
    """Accepted means: take the technique with these changes, as one undo step."""

    def __init__(self, place: Place, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Take this advice"))
        self.setMinimumWidth(WIDTH)
        fits = self.tr("{technique} fits into this machine's memory with these changes:")
        never = self.tr("Even with these changes {technique} does not work here: {reason}")
        said = (fits if place.works_here else never).format(technique=declared(place.label), reason=place.reason)
        card = Card()
        for change in place.changes:
            card.body.addWidget(words(f"{field_title(change.field) or change.field}: {change.value}", "strong"))
            card.body.addWidget(words(change.costs, "small", wrap=True))
        self.apply, self.cancel = Button(self.tr("Take it with these changes"), "primary"), Button(self.tr("Cancel"))
        self.apply.clicked.connect(self.accept)
        self.cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.apply)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(12)
        column.addWidget(words(said, "body", wrap=True))
        column.addWidget(card)
        column.addLayout(foot)
