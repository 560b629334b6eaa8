"""One export target as a card to choose: what it is, how large it gets, how much memory making it takes."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from phitune_gui.ui.theme import RADIUS_CARD, current_tokens
from phitune_gui.ui.widgets.words import words


class TargetCard(QAbstractButton):
    """A choice among several; put the cards of one question into one exclusive QButtonGroup."""

    def __init__(self, id: str, label: str, summary: str, mark: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.id = id
        self._label, self._summary = label, summary
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        body = QVBoxLayout(self)
        body.setContentsMargins(16, 12, 16, 12)
        body.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(words(label, "strong"))
        head.addStretch(1)
        if mark:
            head.addWidget(words(mark, "good"))
        body.addLayout(head)
        body.addWidget(words(summary, "small", wrap=True))
        self.cost = words("", "small", wrap=True)
        body.addStretch(1)
        body.addWidget(self.cost)
        for label_widget in self.findChildren(QWidget):
            label_widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.say_cost("")

    def say_cost(self, cost: str) -> None:
        """Shows size and memory need; empty when they are not known yet."""
        self.cost.setText(cost)
        self.cost.setVisible(bool(cost))
        self.setAccessibleName(self._label)
        self.setAccessibleDescription(f"{self._summary} {cost}".strip())

    def sizeHint(self) -> QSize:
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        return layout.heightForWidth(width) if layout is not None else super().heightForWidth(width)

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
        painter.setBrush(QColor(tokens.accent_soft if self.isChecked() else tokens.hover if hovered else tokens.panel))
        edge = width / 2
        painter.drawRoundedRect(self.rect().toRectF().adjusted(edge, edge, -edge, -edge), RADIUS_CARD, RADIUS_CARD)
