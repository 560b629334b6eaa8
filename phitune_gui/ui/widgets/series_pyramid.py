"""A growing series of points that is drawn from minima and maxima, so that a million points cost what a thousand cost."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FANOUT = 8
"""Buckets of one level that become one bucket of the next."""


class _Rows:
    """A float64 table that grows at the end; doubling keeps appends cheap and the memory in one piece."""

    def __init__(self, columns: int) -> None:
        self._space = np.empty((256, columns), dtype=np.float64)
        self._length = 0

    def extend(self, rows: Floats) -> None:
        needed = self._length + len(rows)
        if needed > len(self._space):
            bigger = np.empty((max(needed, 2 * len(self._space)), self._space.shape[1]), dtype=np.float64)
            bigger[: self._length] = self._space[: self._length]
            self._space = bigger
        self._space[self._length : needed] = rows
        self._length = needed

    @property
    def rows(self) -> Floats:
        return self._space[: self._length]


class SeriesPyramid:
    """Points with ascending x, kept raw and as (first x, lowest y, highest y, whether the lowest comes first) of ever larger buckets.

    NaN is a gap: it never counts as lowest or highest, and a bucket of nothing but NaN is NaN.
    """

    def __init__(self) -> None:
        self._raw = _Rows(2)
        self._levels: list[_Rows] = []

    def __len__(self) -> int:
        return len(self._raw.rows)

    @property
    def x(self) -> Floats:
        """Every x, ascending."""
        return self._raw.rows[:, 0]

    @property
    def y(self) -> Floats:
        """Every y, NaN where there is a gap."""
        return self._raw.rows[:, 1]

    def append(self, x: Floats, y: Floats) -> None:
        """Adds points at the end; `x` and `y` have one length, and no x is below the last one."""
        self._raw.extend(np.column_stack((x, y)))
        for depth in range(32):
            done = len(self._levels[depth].rows) * FANOUT if depth < len(self._levels) else 0
            below = self._raw.rows[done:][:, (0, 1, 1, 1)] if depth == 0 else self._levels[depth - 1].rows[done:]
            if len(below) < FANOUT:
                return
            if depth == len(self._levels):
                self._levels.append(_Rows(4))
            self._levels[depth].extend(_buckets(below))

    def window(self, left: float, right: float, most: int = 2000) -> tuple[Floats, Floats]:
        """The points to draw between two x: all of them when they are at most `most`, else about as many lowest and highest.

        One point beyond each edge is kept, so that lines reach the border.
        """
        first, last = _between(self.x, left, right)
        if last - first <= most:
            return self.x[first:last], self.y[first:last]
        level, width = self._level_for(last - first, most)
        begin, end = first // width, last // width
        x, y = _zigzag(level[begin:end])
        tail = slice(end * width, last)
        return np.concatenate((x, self.x[tail])), np.concatenate((y, self.y[tail]))

    def _level_for(self, count: int, most: int) -> tuple[Floats, int]:
        width = FANOUT
        for level in self._levels[:-1]:
            if 2 * count / width <= most:
                return level.rows, width
            width *= FANOUT
        return self._levels[-1].rows, width


def _between(x: Floats, left: float, right: float) -> tuple[int, int]:
    first = max(int(np.searchsorted(x, left, side="left")) - 1, 0)
    return first, min(int(np.searchsorted(x, right, side="right")) + 1, len(x))


def _buckets(rows: Floats) -> Floats:
    whole = len(rows) // FANOUT
    parts = rows[: whole * FANOUT].reshape(whole, FANOUT, 4)
    at_lowest = np.argmin(np.nan_to_num(parts[:, :, 1], nan=np.inf), axis=1)
    at_highest = np.argmax(np.nan_to_num(parts[:, :, 2], nan=-np.inf), axis=1)
    bucket = np.arange(whole)
    lowest, highest = parts[bucket, at_lowest, 1], parts[bucket, at_highest, 2]
    low_first = np.where(at_lowest == at_highest, parts[bucket, at_lowest, 3], at_lowest < at_highest)
    return np.column_stack((parts[:, 0, 0], lowest, highest, low_first))


def _zigzag(buckets: Floats) -> tuple[Floats, Floats]:
    """Two points per bucket in the order in which they came."""
    low_first = buckets[:, 3] > 0
    first = np.where(low_first, buckets[:, 1], buckets[:, 2])
    second = np.where(low_first, buckets[:, 2], buckets[:, 1])
    return np.repeat(buckets[:, 0], 2), np.column_stack((first, second)).reshape(-1)
