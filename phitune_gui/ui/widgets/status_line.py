"""The line at the bottom: what is going on, how far it is, and a click that leads there."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from phitune_gui.ui.widgets.words import words


class StatusLine(QWidget):
    """Shows a sentence, and a bar while something has a measurable end."""

    opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusLine")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(36)
        self.bar = QProgressBar()
        self.bar.setFixedWidth(220)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.bar.hide()
        self.label = words(self.tr("Ready"), "small")
        self.label.setAccessibleName(self.tr("Status"))
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(14)
        row.addWidget(self.bar)
        row.addWidget(self.label, 1)

    def show_status(self, text: str, share: float | None = None, busy: bool = False) -> None:
        """Shows the sentence; `share` from 0 to 1 fills the bar, `busy` without a share lets it run."""
        self.label.setText(text or self.tr("Ready"))
        self.bar.setVisible(share is not None or busy)
        self.bar.setRange(0, 1000 if share is not None else 0)
        if share is not None:
            self.bar.setValue(round(1000 * min(max(share, 0.0), 1.0)))
        self.setCursor(Qt.CursorShape.PointingHandCursor if not self.bar.isHidden() else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Leads to what is going on."""
        super().mousePressEvent(event)
        self.opened.emit()
