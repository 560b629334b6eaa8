"""How answers are made: system prompt, length, temperature and seed, folded until they are wanted."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QPlainTextEdit, QSpinBox, QVBoxLayout, QWidget

from phitune_gui.core.job import AskRequest
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.words import words


class AskOptionsForm(Card):
    """Emits `changed`; the values are attributes of the fields."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        fields = AskRequest.model_fields
        self.system = QPlainTextEdit()
        self.system.setFixedHeight(62)
        self.system.setTabChangesFocus(True)
        self.system.setPlaceholderText(self.tr("What the model is told before the first question; empty tells it nothing."))
        self.length, self.temperature, self.seed = QSpinBox(), QDoubleSpinBox(), QSpinBox()
        self.length.setRange(1, 8192)
        self.length.setValue(int(fields["max_new_tokens"].default))
        self.temperature.setRange(0.0, 5.0)
        self.temperature.setSingleStep(0.1)
        self.temperature.setValue(float(fields["temperature"].default))
        self.temperature.setToolTip(self.tr("0 always takes the most likely word; higher is more varied."))
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setToolTip(self.tr("The same seed gives the same answer."))
        self._build()
        self.system.textChanged.connect(self.changed)
        for field in (self.length, self.temperature, self.seed):
            field.valueChanged.connect(self.changed)

    def _build(self) -> None:
        labels = {
            self.tr("Longest answer (tokens)"): self.length,
            self.tr("Temperature"): self.temperature,
            self.tr("Seed"): self.seed,
        }
        self._name(self.tr("System prompt"), self.system)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        for column, (label, field) in enumerate(labels.items()):
            cell = QVBoxLayout()
            cell.setSpacing(4)
            cell.addWidget(words(label, "key"))
            cell.addWidget(field)
            field.setAccessibleName(label)
            grid.addLayout(cell, 0, column)
        self.body.addLayout(grid)

    def _name(self, label: str, field: QPlainTextEdit) -> None:
        field.setAccessibleName(label)
        self.body.addWidget(words(label, "key"))
        self.body.addWidget(field)
