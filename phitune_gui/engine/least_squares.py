"""Finds the unit costs that explain measured times best."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

Work = tuple[float, float, float]
"""Operations, elements, layers."""


def nearest(works: Sequence[Work], seconds: Sequence[float]) -> Work:
    """The cost of one of each kind, none of them negative, with the smallest sum of squared *relative* errors.

    Tries which kinds cost something and solves each choice exactly: with three kinds that is seven small systems.
    """
    each = np.asarray(works) / np.asarray(seconds)[:, None]
    scale = np.abs(each).max(axis=0)
    best, error = np.zeros(each.shape[1]), float(len(seconds))
    for size in range(1, each.shape[1] + 1):
        for kinds in map(list, combinations(range(each.shape[1]), size)):
            costs = np.linalg.lstsq(each[:, kinds] / scale[kinds], np.ones(len(seconds)))[0] / scale[kinds]
            missed = float(((each[:, kinds] @ costs - 1) ** 2).sum())
            if (costs >= 0).all() and missed < error:
                best, error = np.zeros(each.shape[1]), missed
                best[kinds] = costs
    first, second, third = best.tolist()
    return first, second, third
