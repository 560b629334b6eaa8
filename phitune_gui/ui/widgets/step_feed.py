"""Hands the steps of a growing run over in pieces, each step once, and notices when the run is another one."""

import numpy as np

from phitune_gui.core.run import Run, Step
from phitune_gui.ui.widgets.series_pyramid import Floats

PIECE = 4000
"""Steps handed over at once: a few milliseconds, so that reopening a very long run never holds up the window."""


class StepFeed:
    """`take` gives the next piece; `begins_anew` says that what was taken before belongs to another or a rewound run."""

    def __init__(self) -> None:
        self.count = 0
        self.begins_anew = False
        self.has_more = False
        self._last: Step | None = None

    def take(self, run: Run) -> Floats:
        """The next steps, one row each with the fields of `Step` in order; no row when there is nothing new."""
        known = self.count <= len(run.steps) and (not self.count or run.steps[self.count - 1] == self._last)
        self.begins_anew = not known
        self.count = self.count if known else 0
        steps = run.steps[self.count : self.count + PIECE]
        if steps:
            self.count += len(steps)
            self._last = steps[-1]
        self.has_more = self.count < len(run.steps)
        return np.array(steps, dtype=np.float64).reshape(-1, len(Step._fields))
