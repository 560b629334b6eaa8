"""A card to choose by mouse or keyboard: what it says is up to whoever fills its `body`."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from phitune_gui.ui.theme import RADIUS_CARD, current_tokens


class ChoiceCard(QAbstractButton):
    """One choice among several; put the cards of one question into one exclusive QButtonGroup. Call `seal` when the body is filled."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(16, 12, 16, 12)
        self.body.setSpacing(4)

    def seal(self) -> None:
        """Lets a press anywhere on the card choose it."""
        for widget in self.findChildren(QWidget):
            widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:
        return self.body.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return self.body.minimumSize()

    def hasHeightForWidth(self) -> bool:
        return self.body.hasHeightForWidth()  # a layout around would ask the body in any case

    def heightForWidth(self, width: int) -> int:
        return self.body.heightForWidth(width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses as Space does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.EnabledChange):
            self.update()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        border = tokens.accent if self.isChecked() or self.hasFocus() else tokens.line
        width = 2 if self.hasFocus() else 1
        painter.setPen(QPen(QColor(border), width))
        hovered = self.underMouse() and self.isEnabled()
        ground = tokens.panel if self.isEnabled() else tokens.ground
        painter.setBrush(QColor(tokens.accent_soft if self.isChecked() else tokens.hover if hovered else ground))
        edge = width / 2
        painter.drawRoundedRect(self.rect().toRectF().adjusted(edge, edge, -edge, -edge), RADIUS_CARD, RADIUS_CARD)
