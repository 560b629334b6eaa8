"""What the doctor found: each test with its outcome, the reason, and what to do where it failed."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from phitune_gui.core.events import Checked
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.words import words

WIDTH, HEIGHT = 620, 520


class DoctorDialog(QDialog):
    """Shows findings; nothing is decided here."""

    def __init__(self, checks: Sequence[Checked], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("This machine"))
        self.resize(WIDTH, HEIGHT)
        card = Card()
        for check in checks:
            card.body.addLayout(self._row(check))
        card.body.addStretch(1)
        area = QScrollArea()
        area.setWidget(card)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(self.windowTitle())
        close = Button(self.tr("Close"), "primary")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(12)
        column.addWidget(words(self.tr("Each line was really tried just now. Plans heed what does not work."), "body", wrap=True))
        column.addWidget(area, 1)
        column.addLayout(foot)

    def _row(self, check: Checked) -> QVBoxLayout:
        head = QHBoxLayout()
        head.addWidget(words(check.name, "strong"))
        head.addStretch(1)
        head.addWidget(words(self.tr("works"), "good") if check.ok else words(self.tr("not here"), "advice"))
        row = QVBoxLayout()
        row.setSpacing(2)
        row.addLayout(head)
        for said in filter(None, (check.why, "" if check.ok else check.how_to_fix)):
            row.addWidget(words(said, "small", wrap=True))
        return row
