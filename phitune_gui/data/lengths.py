"""Sums up how many tokens rows have: smallest, middle, nearly all, largest, and a histogram of about twenty buckets."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from phitune_gui.core.dataset_report import Lengths

BUCKETS = 20
_STEPS = (1, 2, 5)


def lengths_of(lengths: Sequence[int] | npt.NDArray[np.uint32]) -> Lengths:
    """The figures of these lengths; all zero when there are none."""
    ordered = np.sort(np.asarray(lengths, np.int64))
    if not ordered.size:
        return Lengths()
    width = _bucket_width(int(ordered[-1]))
    counts = np.bincount((ordered - 1) // width)
    return Lengths(
        min=int(ordered[0]),
        p50=_percentile(ordered, 50),
        p95=_percentile(ordered, 95),
        max=int(ordered[-1]),
        histogram=tuple(((bucket + 1) * width, int(count)) for bucket, count in enumerate(counts)),
    )


def scaled_lengths(lengths: Lengths, factor: float) -> Lengths:
    """The same lengths of `factor` times as many rows."""
    return lengths.model_copy(update={"histogram": tuple((bound, round(count * factor)) for bound, count in lengths.histogram)})


def _percentile(ordered: npt.NDArray[np.int64], percent: int) -> int:
    """The smallest length that at least `percent` of a hundred rows do not exceed."""
    return int(ordered[max(0, -(-len(ordered) * percent // 100) - 1)])


def _bucket_width(longest: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, ... with which BUCKETS buckets reach the longest row."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power * BUCKETS >= longest:
                return step * power
        power *= 10
