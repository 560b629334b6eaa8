"""The window's buttons: one main action per place, plain ones beside it, links, switches and icon buttons."""

from typing import Literal

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from phitune_gui.ui import icons
from phitune_gui.ui.theme import current_tokens

Kind = Literal["plain", "primary", "danger", "link", "chip", "pill"]


class Button(QPushButton):
    """A push button of one kind; its accessible name is its text unless told."""

    def __init__(self, text: str, kind: Kind = "plain", *, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setProperty("kind", kind)
        self.setAccessibleName(name or text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        if kind == "chip":
            self.setCheckable(True)
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus where the person writes
        self.setAutoDefault(False)


class IconButton(QToolButton):
    """A button that shows one of our icons; `name` is read aloud and shown as tooltip."""

    def __init__(self, icon: str, name: str, kind: Literal["plain", "bare"] = "plain", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self.setProperty("kind", kind)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Draws the icon again in the new theme's colour."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        self.setIcon(icons.icon(self._icon, current_tokens().quiet, 16))
