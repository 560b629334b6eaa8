"""The adapter that training goes on from, with the way back to a fresh one."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from phitune_gui.core.problem import Problem
from phitune_gui.ui.field_titles import with_titles
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.flow_row import FlowRow
from phitune_gui.ui.widgets.words import words


class StartCard(Card):
    """Emits `afresh_asked` and `technique_asked`; hidden while training begins with a fresh adapter."""

    afresh_asked = Signal()
    technique_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.name, self.path = words("", "strong", wrap=True), words("", "small", wrap=True, selectable=True)
        self.wrong = words("", "wrong", wrap=True)
        self.take = Button(self.tr("Take its technique"))
        self.afresh = Button(self.tr("Begin afresh"), name=self.tr("Begin with a fresh adapter"))
        said, row = QVBoxLayout(), FlowRow(spacing=10)
        said.setSpacing(2)
        for label in (self.name, self.path):
            said.addWidget(label)
        row.addWidget(self.take)
        row.addWidget(self.afresh)
        self.body.addLayout(said)
        self.body.addWidget(self.wrong)
        self.body.addLayout(row)
        self.afresh.clicked.connect(self.afresh_asked)
        self.take.clicked.connect(self.technique_asked)
        self.show_start("", "", None)

    def show_start(self, name: str, path: str, problem: Problem | None, *, can_take: bool = False) -> None:
        """Shows where training goes on from and why it cannot; `can_take` offers to set the technique to the adapter's own."""
        self.setVisible(bool(path))
        self.name.setText(self.tr("Training goes on from the adapter of {name}").format(name=name))
        self.path.setText(path)
        self.wrong.setVisible(problem is not None)
        self.wrong.setText(with_titles(f"{problem.what} {problem.how_to_fix}") if problem else "")
        self.take.setVisible(can_take)
