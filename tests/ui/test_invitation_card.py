"""What to type on other machines is read in whole words and copied as it must be typed."""

import pytest
from PySide6.QtGui import QGuiApplication, QTextLayout
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.qtbot import QtBot

from phitune_gui.core.invitation import Invitation
from phitune_gui.ui.widgets.invitation_card import InvitationCard


@pytest.mark.parametrize(
    "address", ["192.168.1.5:29500", "[fe80::5054:ff:fe12:3456%enp0s31f6]:29500", "gpu-box-with-a-long-name.my-lab.local:29500"]
)
def test_a_command_for_another_machine_is_broken_between_words_only(qtbot: QtBot, address: str) -> None:
    card, command = InvitationCard(), f"phitune join {address} --machine 12 --key 4c0b8f1d6e2a97350fb1c4d28e6a9f03"
    qtbot.addWidget(card)
    card.show_invitations([Invitation(12, command)])
    card.show()
    (label,) = (each for each in card.findChildren(QLabel) if each.accessibleName() == "Command for machine 12")

    for width in (500, 600, 700):
        card.resize(width, card.sizeHint().height())
        lines = broken(label)
        assert len(lines) > 1 or width > 600
        assert [word for line in lines for word in line.split()] == command.split()
    next(each for each in card.findChildren(QAbstractButton) if each.text() == "Copy").click()
    assert QGuiApplication.clipboard().text() == command


def broken(label: QLabel) -> list[str]:
    """The lines of a label as its layout breaks them, without what holds letters together."""
    layout = QTextLayout(label.text(), label.font())
    layout.beginLayout()
    lines = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(label.width())
        lines.append(label.text()[line.textStart() : line.textStart() + line.textLength()].replace("\u2060", ""))
    layout.endLayout()
    return lines
