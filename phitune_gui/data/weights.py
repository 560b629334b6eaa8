"""How often the rows of each file are seen in one epoch, by the weight of their file: the same way for the same seed and rows."""

import math
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from phitune_gui.data.split import Places

_PURPOSE = b"weight"
"""Keeps these lots apart from those that decide which rows are held out."""


def repeated(places: Places, keys: Sequence[bytes], files: npt.NDArray[np.uint8], weights: Sequence[float], seed: int) -> Places:
    """The places as they are seen in one epoch: first each in order that is seen at all, then those that are seen again.

    `keys` and `files` (numbers that `weights` goes by) are those of the rows at `places`. Of a weight's fraction as many of the file's
    rows get one more turn, by lot; no file is left out for being small.
    """
    counts = np.zeros(len(places), np.int64)
    salt = seed.to_bytes(8, "little", signed=True)
    for number, weight in enumerate(weights):
        mine = np.flatnonzero(files == number).tolist()
        whole = math.floor(weight)
        more = round((weight - whole) * len(mine)) or int(weight < 1)
        lots = {at: blake2b(keys[at], key=salt, person=_PURPOSE, digest_size=8).digest() for at in (mine if more else ())}
        counts[mine] = whole
        counts[sorted(lots, key=lots.__getitem__)[:more]] += 1
    turns = [places[counts > turn] for turn in range(int(counts.max(initial=0)))]
    return np.concatenate(turns) if turns else places[:0]
