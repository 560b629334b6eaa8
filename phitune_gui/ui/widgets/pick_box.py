"""A list to pick from whose pick does something at once, so that a turn of the wheel must not pick."""

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget


class PickBox(QComboBox):
    """Shows `hint` while nothing is picked."""

    def __init__(self, hint: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(hint)
        self.setAccessibleName(name)

    def pick(self, data: str) -> None:
        """Shows the entry with this data without telling; none for an empty text."""
        self.setCurrentIndex(self.findData(data) if data else -1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leaves the wheel to the page."""
        event.ignore()
