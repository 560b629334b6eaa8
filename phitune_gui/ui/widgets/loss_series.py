"""What the loss plot draws of a run: its steps as numbers that grow in pieces, along steps, tokens or seconds."""

from typing import Literal

import numpy as np

from phitune_gui.core.run import Evaluation, Run
from phitune_gui.ui.widgets.series_pyramid import Floats, SeriesPyramid
from phitune_gui.ui.widgets.step_feed import StepFeed

Axis = Literal["steps", "tokens", "time"]
AXES: tuple[Axis, ...] = ("steps", "tokens", "time")


class LossSeries:
    """The steps of one run, raw and smoothed, ready for each x axis. Validation points stay in the run: they are few."""

    def __init__(self) -> None:
        self._feed = StepFeed()
        self._begin(0)

    def _begin(self, total_steps: int) -> None:
        self.raw: dict[Axis, SeriesPyramid] = {axis: SeriesPyramid() for axis in AXES}
        self.smooth: dict[Axis, SeriesPyramid] = {axis: SeriesPyramid() for axis in AXES}
        self.gaps = 0
        self._ends = np.zeros(3)
        self._smoother = _Smoother(total_steps)

    def __len__(self) -> int:
        return len(self.raw["steps"])

    @property
    def begins_anew(self) -> bool:
        """Whether the piece that was taken in last began another or a rewound run."""
        return self._feed.begins_anew

    def take(self, run: Run) -> bool:
        """Takes in the next piece of the run's steps; True when there is more. Another or a rewound run begins anew."""
        rows = self._feed.take(run)
        if self._feed.begins_anew or not len(self):
            self._begin(run.total_steps or len(run.steps))
        if len(rows):
            self._extend(rows)
        return self._feed.has_more

    def _extend(self, rows: Floats) -> None:
        """`rows` has one row per step with the fields of `Step` in order."""
        loss = np.where(np.isfinite(rows[:, 2]), rows[:, 2], np.nan)
        self.gaps += int(np.count_nonzero(np.isnan(loss)))
        sums = np.cumsum(np.column_stack((rows[:, 5], rows[:, 7])), axis=0) + self._ends[1:]
        places: dict[Axis, Floats] = {"steps": rows[:, 0], "tokens": sums[:, 0], "time": sums[:, 1]}
        smooth = self._smoother.smooth(loss)
        for axis, place in places.items():
            self.raw[axis].append(place, loss)
            self.smooth[axis].append(place, smooth)
        self._ends = np.array([rows[-1, 0], sums[-1, 0], sums[-1, 1]])

    def place_of(self, step: int, axis: Axis) -> float:
        """Where a step stands on an axis; step 0 is the beginning of each."""
        if axis == "steps":
            return float(step)
        index = int(np.searchsorted(self.raw["steps"].x, step, side="right")) - 1
        return float(self.raw[axis].x[index]) if index >= 0 else 0.0

    def index_at(self, place: float, axis: Axis) -> int | None:
        """Position of the step nearest to a place on an axis; None before the first step."""
        x = self.raw[axis].x
        if not len(x):
            return None
        right = min(int(np.searchsorted(x, place)), len(x) - 1)
        left = max(right - 1, 0)
        return left if abs(x[left] - place) <= abs(x[right] - place) else right

    def end(self, run: Run, axis: Axis) -> float:
        """Where the axis ends: the last planned step, or what that will be at the pace so far."""
        last = float(self._ends[AXES.index(axis)])
        done = float(self._ends[0])
        if run.ended and done:
            return last
        total = float(max(run.total_steps, run.step, 1))
        return total if axis == "steps" else last * max(total / max(done, 1.0), 1.0)

    def span(self, evaluations: tuple[Evaluation, ...]) -> tuple[float, float] | None:
        """Lowest and highest loss worth showing: all of the smoothed and validation points, the raw ones without rare spikes."""
        raw = self.raw["steps"].y
        thin = raw[:: max(len(raw) // 10_000, 1)]
        thin = thin[np.isfinite(thin)]
        marks = [point.loss for point in evaluations if np.isfinite(point.loss)]
        _, smooth = self.smooth["steps"].window(-np.inf, np.inf)
        smooth = smooth[np.isfinite(smooth)]
        parts = [np.array(marks), smooth, np.percentile(thin, (0.5, 99.5)) if len(thin) else thin]
        values = np.concatenate(parts)
        return (float(values.min()), float(values.max())) if len(values) else None


class _Smoother:
    """An average that forgets; its memory is a thirtieth of the run. Without the start-up bias, and NaN stays a gap."""

    def __init__(self, total_steps: int) -> None:
        self._keep = 1 - 1 / min(max(total_steps / 30, 4.0), 2000.0)
        self._sum = 0.0
        self._weight = 0.0

    def smooth(self, values: Floats) -> Floats:
        answer = np.empty_like(values)
        for index, value in enumerate(values.tolist()):
            if value == value:
                self._sum = self._keep * self._sum + (1 - self._keep) * value
                self._weight = self._keep * self._weight + (1 - self._keep)
                answer[index] = self._sum / self._weight
            else:
                answer[index] = np.nan
        return answer
