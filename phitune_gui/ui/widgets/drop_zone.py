"""Where files can be dropped: the large zone of a page, and the veil that lights up over the whole window."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from phitune_gui.ui import icons
from phitune_gui.ui.theme import RADIUS_CARD, current_tokens
from phitune_gui.ui.widgets.words import words


class DropZone(QFrame):
    """An inviting box with a line of buttons; the window itself takes the drop."""

    def __init__(self, title: str, line: str, buttons: Sequence[QPushButton], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setAccessibleDescription(line)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 22, 16, 22)
        column.setSpacing(8)
        heading, quiet = words(title, "brand"), words(line, "quiet", wrap=True)
        for label in (heading, quiet):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.setContentsMargins(0, 4, 0, 0)
        row.addStretch(1)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A soft panel with a dashed edge."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(tokens.accent), 1)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(QColor(tokens.accent_soft))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CARD, RADIUS_CARD)
        painter.end()


class DropVeil(QWidget):
    """Covers the window while something is dragged over it and says what letting go would do."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._covered = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.text = ""
        self.hide()

    def light_up(self, text: str) -> None:
        """Covers the parent and shows this text."""
        self.text = text
        self.setAccessibleName(text)
        self.setGeometry(self._covered.rect())
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A soft veil, a dashed frame, the icon and the text."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(tokens.ground)
        veil.setAlphaF(0.86)
        painter.fillRect(self.rect(), veil)
        frame = QRectF(self.rect()).adjusted(20, 20, -20, -20)
        soft = QColor(tokens.accent_soft)
        soft.setAlphaF(0.7)
        painter.setBrush(soft)
        painter.setPen(QPen(QColor(tokens.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, 14, 14)
        middle = self.rect().center()
        painter.drawPixmap(middle.x() - 20, middle.y() - 52, icons.pixmap("drop", tokens.accent, 40, self.devicePixelRatioF()))
        font = QFont(self.font())
        font.setPixelSize(18)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        painter.drawText(frame.adjusted(24, 40, -24, 0), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.text)
        painter.end()
