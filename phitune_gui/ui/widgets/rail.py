"""The rail: the journey from model to chat as numbered entries, each with the mark of its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from phitune_gui.ui import icons
from phitune_gui.ui.theme import CONTROL_HEIGHT, RADIUS_CONTROL, RAIL_WIDTH, Tokens, current_tokens

Mark = Literal["", "ready", "problem", "running", "done"]


@dataclass(frozen=True)
class Entry:
    """One page in the rail; `gap` leaves room above it."""

    page: str
    label: str
    icon: str
    shortcut: str
    gap: bool = False


class RailButton(QAbstractButton):
    """One entry, painted: icon, label and the state's mark."""

    def __init__(self, entry: Entry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        self.mark: Mark = ""
        self.mark_text = ""
        self.setText(entry.label)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setToolTip(entry.shortcut)
        self.show_mark("", "")

    def show_mark(self, mark: Mark, text: str) -> None:
        """Shows this state; `text` replaces the sign, as in `70 %`."""
        self.mark, self.mark_text = mark, text
        said = {
            "": "", "ready": self.tr("ready"), "problem": self.tr("has a problem"), "running": self.tr("running"), "done": self.tr("done"),
        }[mark]  # fmt: skip
        self.setAccessibleName(", ".join(part for part in (self.text(), said, text) if part))
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the rail allows, as high as every control."""
        return QSize(RAIL_WIDTH - 16, CONTROL_HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Soft ground when chosen, a ring when focused."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent_soft if self.isChecked() else tokens.hover))
            painter.drawRoundedRect(self.rect(), RADIUS_CONTROL, RADIUS_CONTROL)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), RADIUS_CONTROL - 1, RADIUS_CONTROL - 1)
        self._paint_content(painter, tokens)
        painter.end()

    def _paint_content(self, painter: QPainter, tokens: Tokens) -> None:
        colour = tokens.accent if self.isChecked() else tokens.quiet
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold if self.isChecked() else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        middle = (self.height() - 18) // 2
        painter.drawPixmap(self._side(QRect(10, middle, 18, 18), rtl), icons.pixmap(self.entry.icon, colour, 18, self.devicePixelRatioF()))
        align = Qt.AlignmentFlag.AlignVCenter | (Qt.AlignmentFlag.AlignRight if rtl else Qt.AlignmentFlag.AlignLeft)
        painter.drawText(self._side(QRect(38, 0, self.width() - 82, self.height()), rtl), align, self.text())
        self._paint_mark(painter, tokens, rtl)

    def _paint_mark(self, painter: QPainter, tokens: Tokens, rtl: bool) -> None:
        colour = tokens.problem if self.mark == "problem" else tokens.accent if self.isChecked() else tokens.quiet
        place = self._side(QRect(self.width() - 58, 0, 48, self.height()), rtl)
        if self.mark_text:
            font = QFont(self.font())
            font.setPixelSize(12)
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(tokens.accent if self.mark == "running" else colour))
            side = Qt.AlignmentFlag.AlignLeft if rtl else Qt.AlignmentFlag.AlignRight
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | side, self.mark_text)
            return
        sign = {"": "", "ready": "tick", "done": "tick", "problem": "alert", "running": "running"}[self.mark]
        if sign:
            box = self._side(QRect(self.width() - 22, (self.height() - 13) // 2, 13, 13), rtl)
            painter.drawPixmap(box, icons.pixmap(sign, colour, 13, self.devicePixelRatioF()))

    def _side(self, box: QRect, rtl: bool) -> QRect:
        return QRect(self.width() - box.right() - 1, box.y(), box.width(), box.height()) if rtl else box


class Rail(QWidget):
    """All entries in a column; exactly one is chosen."""

    page_chosen = Signal(str)

    def __init__(self, entries: Sequence[Entry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(RAIL_WIDTH)
        self.setAccessibleName(self.tr("Pages"))
        self.buttons = {entry.page: RailButton(entry) for entry in entries}
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 12, 8, 12)
        column.setSpacing(2)
        for entry in entries:
            if entry.gap:
                column.addSpacing(16)
            button = self.buttons[entry.page]
            group.addButton(button)
            column.addWidget(button)
            button.clicked.connect(lambda _checked=False, page=entry.page: self.page_chosen.emit(page))
        column.addStretch(1)

    def show_page(self, page: str) -> None:
        """Marks this entry as the one that is shown."""
        self.buttons[page].setChecked(True)

    def show_mark(self, page: str, mark: Mark, text: str = "") -> None:
        """Shows the state of this page."""
        button = self.buttons[page]
        if (button.mark, button.mark_text) != (mark, text):
            button.show_mark(mark, text)
