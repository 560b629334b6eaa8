"""Parts the rows into those that are learned and those that are held out, the same way for the same seed and rows."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import orjson

from phitune_gui.core.messages import Conversation
from phitune_gui.data.key_set import KEY_BYTES, KeySet

ROWS_FOR_ONE = 10
"""From this many rows on at least one is held out when any share is asked for."""
Places = npt.NDArray[np.int64]


def content_key(conversation: Conversation) -> bytes:
    """16 bytes that two conversations share only when they say the same; place in the file does not count."""
    said = conversation.text if conversation.text is not None else [(turn.role, turn.content) for turn in conversation.messages]
    return key_of(orjson.dumps(said))


def key_of(content: bytes) -> bytes:
    """16 bytes that two contents share only when they are the same."""
    return blake2b(content, digest_size=KEY_BYTES).digest()


def split(keys: KeySet | Sequence[bytes], percent: float, seed: int) -> tuple[Places, Places]:
    """Places of the rows with these content keys: (train, validation), each in file order.

    Who is held out follows from seed and content, so a new row moves few others.
    """
    wanted = round(len(keys) * percent / 100)
    if percent > 0 and len(keys) >= ROWS_FOR_ONE:
        wanted = max(1, wanted)
    wanted = min(wanted, max(0, len(keys) - 1))
    salt = seed.to_bytes(8, "little", signed=True)
    lots = np.fromiter((int.from_bytes(blake2b(key, key=salt, digest_size=8).digest()) for key in keys), np.uint64, len(keys))
    is_held_out = np.zeros(len(keys), bool)
    is_held_out[np.argsort(lots, kind="stable")[:wanted]] = True
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
