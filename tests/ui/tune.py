"""What tests of the Tune page share: the page on a known machine, and presses as a person makes them."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.tune_page import TunePage
from phitune_gui.ui.widgets.pick_box import PickBox
from tests.helpers.factories import a_machine, a_model, a_report


def shown_page(window: MainWindow) -> TunePage:
    """The page, for Phi-3-mini and a hundred rows on a machine of 64 GB."""
    session = window.session
    session.hardware, session.model, session.report = a_machine(64), a_model(), a_report()
    session.hardware_changed.emit()
    window.show_page("tune")
    page = window.findChild(TunePage)
    assert isinstance(page, TunePage)
    return page


def press(button: QAbstractButton) -> None:
    """A click in the middle."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def pick(box: PickBox, data: str) -> None:
    """Opens the list by keyboard and walks to the entry."""
    box.setFocus()
    place = box.findData(data)
    box.setCurrentIndex(place - 1 if place else -1)
    QTest.keyClick(box, Qt.Key.Key_Down)
