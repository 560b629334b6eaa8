"""Lies over the top of another widget, so that what comes up never moves what is under the mouse."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


class TopOverlay(QWidget):
    """As wide as `under`, as high as its own content; hidden until `come_up`."""

    def __init__(self, under: QWidget) -> None:
        super().__init__(under)
        self.setObjectName("plain")
        self._under = under
        under.installEventFilter(self)
        self.hide()

    def come_up(self) -> None:
        """Shows itself above everything else there."""
        self.show()
        self._fit()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follows the width of what it lies over."""
        if watched is self._under and event.type() == QEvent.Type.Resize and self.isVisible():
            self._fit()
        return False

    def _fit(self) -> None:
        width = self._under.width()
        layout = self.layout()
        height = layout.totalHeightForWidth(width) if layout is not None else -1
        self.setGeometry(0, 0, width, height if height > 0 else self.sizeHint().height())
