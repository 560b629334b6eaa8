"""The four small cards under the loss plot: learning rate, gradient norm, tokens per second, memory."""

import numpy as np
from PySide6.QtWidgets import QWidget

from phitune_gui.core.run import Run
from phitune_gui.ui.widgets.columns import Columns
from phitune_gui.ui.widgets.figures import bytes_text, number_text
from phitune_gui.ui.widgets.series_pyramid import Floats, SeriesPyramid
from phitune_gui.ui.widgets.spark_plot import SparkCard
from phitune_gui.ui.widgets.step_feed import StepFeed

RECENT = 25
"""Steps over which the speed is said."""


class SparkRow(Columns):
    """Follows a run; takes each step once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(most=4, least=180, parent=parent)
        self._feed = StepFeed()
        self._used_bytes = 0
        self.rate = SparkCard(self.tr("Learning rate"))
        self.norm = SparkCard(self.tr("Gradient norm"))
        self.speed = SparkCard(self.tr("Tokens / s"))
        self.memory = SparkCard(self.tr("Memory"))
        for card in self._cards:
            self.add(card)

    @property
    def _cards(self) -> tuple[SparkCard, ...]:
        return self.rate, self.norm, self.speed, self.memory

    def show_run(self, run: Run, *, several: bool = False) -> bool:
        """Takes in what is new; True when there is more to take. Of `several` processes the memory is that of one."""
        if several:
            self.memory.rename(self.tr("Memory each"), self.tr("Memory per process"))
        else:
            self.memory.rename(self.tr("Memory"))
        rows = self._feed.take(run)
        if self._feed.begins_anew or not run.steps:
            self._used_bytes = 0
            for card in self._cards:
                card.plot.series = SeriesPyramid()
        if len(rows):
            self._extend(rows)
        self._measure(run)
        self._say(run)
        return self._feed.has_more

    def _extend(self, rows: Floats) -> None:
        """`rows` has one row per step with the fields of `Step` in order."""
        steps = rows[:, 0]
        self.rate.plot.series.append(steps, rows[:, 3])
        self.norm.plot.series.append(steps, rows[:, 4])
        with np.errstate(divide="ignore", invalid="ignore"):
            speed = rows[:, 5] / rows[:, 7]
        self.speed.plot.series.append(steps, np.where(np.isfinite(speed), speed, np.nan))

    def _measure(self, run: Run) -> None:
        if run.used_bytes and run.used_bytes != self._used_bytes:
            self._used_bytes = run.used_bytes
            self.memory.plot.series.append(np.array([float(run.step)]), np.array([float(run.used_bytes)]))

    def _say(self, run: Run) -> None:
        last = run.steps[-1] if run.steps else None
        recent = run.steps[-RECENT:]
        seconds = sum(step.seconds for step in recent)
        self.rate.say(number_text(last.learning_rate if last else None))
        self.norm.say(number_text(last.grad_norm if last else None))
        self.speed.say(number_text(sum(step.tokens for step in recent) / seconds if seconds > 0 else None))
        self._say_memory(run)

    def _say_memory(self, run: Run) -> None:
        """The curve belongs to who watched the run; one that is opened again knows its peak."""
        memory = run.used_bytes if not run.ended else max(run.peak_bytes, run.used_bytes)
        peak_alone = run.ended and memory and len(self.memory.plot.series) < 2
        self.memory.say(bytes_text(memory) if memory else "–", self.tr("peak of the whole run") if peak_alone else "")
