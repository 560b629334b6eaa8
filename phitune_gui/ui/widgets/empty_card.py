"""What a page shows while it has nothing: what is missing, and the buttons that lead on."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.words import words


class EmptyCard(Card):
    """Emits `chosen` with the id of the pressed button; the first button is the main one."""

    chosen = Signal(str)

    def __init__(self, title: str, text: str, actions: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.body.setContentsMargins(24, 32, 24, 32)
        self.body.setSpacing(8)
        heading, self.text = words(title, "heading"), words(text, "quiet", wrap=True)
        for said in (heading, self.text):
            said.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.body.addWidget(said)
        self.buttons: dict[str, Button] = {}
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addStretch(1)
        for place, (id, label) in enumerate(actions.items()):
            button = self.buttons[id] = Button(label, "plain" if place else "primary")
            button.clicked.connect(lambda _checked, id=id: self.chosen.emit(id))
            row.addWidget(button)
        row.addStretch(1)
        self.body.addSpacing(8)
        self.body.addLayout(row)
