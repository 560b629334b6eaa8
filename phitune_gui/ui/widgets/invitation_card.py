"""What to type on the other machines while a run waits for them, each command with a button that copies it."""

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.core.invitation import Invitation
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.words import words

_JOINER = "\u2060"


class InvitationCard(Card):
    """One row for each machine that is not there yet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.body.setContentsMargins(20, 16, 20, 16)
        self.body.setSpacing(10)
        self.body.addWidget(words(self.tr("Waiting for the other machines"), "heading"))
        text = self.tr("Type this on each of them; --model and --data say where its copies lie. Training begins when all are there.")
        self.body.addWidget(words(text, "quiet", wrap=True))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.body.addLayout(self._rows)
        self._shown: list[Invitation] = []

    def show_invitations(self, invitations: list[Invitation]) -> None:
        """Replace the rows where they differ."""
        if invitations == self._shown:
            return
        self._shown = list(invitations)
        while self._rows.count():
            row = self._rows.takeAt(0)
            if row is not None and (old := row.widget()) is not None:
                old.deleteLater()
        for invitation in invitations:
            self._rows.addWidget(self._row(invitation))

    def _row(self, invitation: Invitation) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        number = self.tr("Machine {number}").format(number=invitation.machine)
        command = words(_whole_words(invitation.command), "small", wrap=True)
        command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        command.setAccessibleName(self.tr("Command for machine {number}").format(number=invitation.machine))
        command.setAccessibleDescription(invitation.command)
        copy = Button(self.tr("Copy"))
        copy.setAccessibleName(self.tr("Copy the command for machine {number}").format(number=invitation.machine))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(invitation.command))
        line = QHBoxLayout()
        line.addWidget(words(number, "strong"), 1)
        line.addWidget(copy)
        column.addLayout(line)
        column.addWidget(command)
        return row


def _whole_words(command: str) -> str:
    """The command to look at, which is broken between its words only and never after a hyphen, a dot or a colon.

    What holds the letters together is invisible but would be copied with them, so it is for a label that cannot be selected.
    """
    return " ".join(_JOINER.join(word) for word in command.split(" "))
