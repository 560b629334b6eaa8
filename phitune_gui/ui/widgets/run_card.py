"""The card This run: what is in the way, what will happen in numbers, and the button that starts it."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from phitune_gui.core.plan import Plan
from phitune_gui.planning.energy import bill
from phitune_gui.ui.theme import RUN_CARD_WIDTH
from phitune_gui.ui.widgets.amounts import estimate_text, part_of_text
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import hairline
from phitune_gui.ui.widgets.figures import bytes_text, count_text
from phitune_gui.ui.widgets.memory_bar import MemoryBar, Part, gathered
from phitune_gui.ui.widgets.memory_legend import MemoryLegend
from phitune_gui.ui.widgets.problem_list import ProblemList
from phitune_gui.ui.widgets.words import set_kind, words

AIRY, CLOSE, LOW = 13, 8, 640
"""Px between the figures, between them in a low window, and the card's own height below which a window is low."""


@dataclass(frozen=True)
class RunWords:
    """What only the recipe and its catalog can say."""

    model: str
    technique: str
    batch: str
    epochs: str
    processes: int = 1


class _Line(QWidget):
    """A key and its value on one line."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.setObjectName("plain")
        self.value = words("–", "value")
        self.value.setAccessibleName(key)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(words(key, "key"))
        row.addStretch(1)
        row.addWidget(self.value)


class RunCard(QWidget):
    """What blocks Start comes first. Scrolls where there is little room; Start always stays in sight."""

    start_asked = Signal()
    fit_asked = Signal()
    problem_opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(RUN_CARD_WIDTH)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.start = Button(self.tr("Start"), "primary")
        self.start.setEnabled(False)
        self.start.setToolTip("Ctrl+Enter")
        self.fit = Button(self.tr("Make it fit…"))
        self.fit.hide()
        self.hint = words(
            self.tr("Choose a model and data, and this card tells what will happen: memory, disk, time, before anything starts."),
            "quiet",
            wrap=True,
        )
        self.problems, self.advice = ProblemList(self.tr("Show")), ProblemList(self.tr("Show"))
        self.figures = QWidget()
        self.figures.setObjectName("plain")
        self._build_figures()
        self._edge = hairline()
        self._edge.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._build_area(), 1)
        outer.addWidget(self._edge)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 10, 16, 18)
        foot.setSpacing(12)
        foot.addWidget(self.fit)
        foot.addWidget(self.start)
        outer.addLayout(foot)

    def _build_area(self) -> QScrollArea:
        """All but the foot; where it scrolls, an edge says that there is more below."""
        inner = QWidget()
        inner.setObjectName("plain")
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 18, 16, 12)
        column.setSpacing(12)
        column.addWidget(words(self.tr("This run"), "heading"))
        for part in (self.hint, self.problems, self.figures, self.advice):
            column.addWidget(part)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(self.tr("This run"))
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        bar = area.verticalScrollBar()
        bar.rangeChanged.connect(lambda _low, high: column.setContentsMargins(16, 18, 6 if high else 16, 12))  # its room is the margin's
        bar.rangeChanged.connect(lambda _low, high: self._edge.setVisible(bool(high)))
        return area

    def _build_figures(self) -> None:
        labels = {
            "model": self.tr("Model"), "data": self.tr("Data"), "technique": self.tr("Technique"), "trainable": self.tr("Trainable"),
            "batch": self.tr("Effective batch"), "steps": self.tr("Steps"), "processes": self.tr("Processes"),
            "memory": self.tr("Memory"), "disk": self.tr("Disk"), "time": self.tr("Time"), "energy": self.tr("Energy"),
            "cost": self.tr("Cost"),
        }  # fmt: skip
        self._lines = {name: _Line(label) for name, label in labels.items()}
        self.memory = MemoryBar(labels["memory"])
        self.legend = MemoryLegend()
        self.disk = MemoryBar(labels["disk"])
        column = self._column = QVBoxLayout(self.figures)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(AIRY)
        for name, line in self._lines.items():
            bar = {"memory": self.memory, "disk": self.disk}.get(name)
            if bar is None:
                column.addWidget(line)
            else:
                both = QVBoxLayout()
                both.setSpacing(7)
                both.addWidget(line)
                both.addWidget(bar)
                if bar is self.memory:
                    both.addWidget(self.legend)
                column.addLayout(both)
        self.figures.hide()

    def _connect(self) -> None:
        self.start.clicked.connect(self.start_asked)
        self.fit.clicked.connect(self.fit_asked)
        for findings in (self.problems, self.advice):
            findings.opened.connect(self.problem_opened)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little height the figures move together, so that more is seen at once."""
        super().resizeEvent(event)
        self._column.setSpacing(CLOSE if event.size().height() < LOW else AIRY)

    def line(self, name: str) -> QLabel:
        """The label that shows this figure."""
        return self._lines[name].value

    def show_nothing(self) -> None:
        """Before a model and data are chosen."""
        self.figures.hide()
        for findings in (self.problems, self.advice):
            findings.show_problems(())
        self.fit.hide()
        self.hint.show()
        self.start.setEnabled(False)

    def show_plan(self, plan: Plan, said: RunWords, part_labels: Mapping[str, str], fits: bool) -> None:
        """Shows the plan; `part_labels` names the parts of memory, `fits` whether there is nothing to make fit."""
        self.hint.hide()
        self.figures.show()
        memory, paid = plan.memory, bill(plan)
        rows, about = plan.train_rows + plan.validation_rows, "~" if plan.tokens_estimated else ""
        texts = {
            "model": said.model, "data": self.tr("{rows} rows").format(rows=about + count_text(rows)) if rows else "–",
            "technique": said.technique,
            "trainable": f"{count_text(plan.trainable_parameters)} · {plan.trainable_percent:.2f} %" if plan.trainable_parameters else "–",
            "batch": said.batch, "steps": f"{count_text(plan.steps)} · {said.epochs}" if plan.steps else "–",
            "processes": self._processes(plan, said.processes),
            "memory": part_of_text(memory.total_bytes, memory.available_bytes) if memory.total_bytes else "–",
            "disk": part_of_text(plan.disk_bytes, plan.free_disk_bytes) if plan.disk_bytes else "–",
            "time": estimate_text(plan.time_seconds, plan.time_measured) if plan.time_seconds else "–",
            "energy": self.tr("{amount} kWh").format(amount=f"{plan.energy_kwh:.3g}") if plan.energy_kwh is not None else "–",
            "cost": self.tr("{cost} at {price} per kWh").format(cost=paid.cost, price=paid.price_per_kwh) if paid else "–",
        }  # fmt: skip
        for name, text in texts.items():
            self.line(name).setText(text)
        self._lines["energy"].setVisible(plan.energy_kwh is not None)
        self._lines["cost"].setVisible(paid is not None)
        self.line("model").setToolTip(said.model)
        self._lines["processes"].setVisible(said.processes > 1)
        parts = [Part(part_labels.get(name, name), amount) for name, amount in memory.parts.items()]
        self.memory.show_parts(gathered(parts, self.tr("Other")), memory.available_bytes)
        self.legend.show_parts(gathered(parts, self.tr("Other")))
        self.disk.show_parts([Part(self.tr("Checkpoints, adapter and log"), plan.disk_bytes)], plan.free_disk_bytes)
        self.problems.show_problems([found for found in plan.problems if found.severity == "problem"])
        self.advice.show_problems([found for found in plan.problems if found.severity == "advice"])
        self.fit.setVisible(not fits)

    def _processes(self, plan: Plan, count: int) -> str:
        """`2 × 44.8 GB`: how many, and what each needs."""
        each = bytes_text(plan.memory.total_bytes / count)
        return f"{count} × {each}" if plan.memory.total_bytes else str(count)

    def stress_start(self, stressed: bool) -> None:
        """Whether Start is the main button of what is on the screen, or a quiet one beside it."""
        set_kind(self.start, "primary" if stressed else "plain")

    def show_start(self, text: str, enabled: bool) -> None:
        """What the main button says and whether it can be pressed."""
        self.start.setText(text)
        self.start.setAccessibleName(text)
        self.start.setEnabled(enabled)
