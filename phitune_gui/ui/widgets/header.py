"""The bar on top: the app's name, the project, what machine this is, and whether anything leaves it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.words import restyle, words

HEIGHT = 48


class Header(QWidget):
    """The project pill opens `menu`."""

    def __init__(self, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.project = Button("", "pill", name=self.tr("Project"))
        self.project.setMenu(menu)
        self.machine = words("", "pill")
        self.machine.setAccessibleName(self.tr("This machine"))
        self.offline = words("", "pill")
        self.offline.setAccessibleName(self.tr("Connections"))
        self.show_connections(0)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(16)
        row.addWidget(words("PhiTune", "brand"))
        row.addWidget(self.project)
        row.addStretch(1)
        row.addWidget(self.machine, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.offline, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_project(self, name: str) -> None:
        """Shows the recipe's name."""
        self.project.setText((name or self.tr("New recipe")) + " ▾")

    def show_connections(self, count: int) -> None:
        """Shows how many connections to other machines are open."""
        if count:
            text = self.tr("● Online, 1 connection") if count == 1 else self.tr("● Online, {count} connections").format(count=count)
        else:
            text = self.tr("● Offline, 0 connections")
        tone = "bad" if count else "good"
        self.offline.setText(text)
        if self.offline.property("tone") != tone:
            self.offline.setProperty("tone", tone)
            restyle(self.offline)
