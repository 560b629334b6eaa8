"""Parts the rows into those that are learned and those that are held out, the same way for the same seed and rows."""

from collections.abc import Sequence
from hashlib import blake2b

import orjson

from phitune_gui.core.messages import Conversation

ROWS_FOR_ONE = 10
"""From this many rows on at least one is held out when any share is asked for."""


def content_key(conversation: Conversation) -> bytes:
    """16 bytes that two conversations share only when they say the same; place in the file does not count."""
    said = conversation.text if conversation.text is not None else [(turn.role, turn.content) for turn in conversation.messages]
    return blake2b(orjson.dumps(said), digest_size=16).digest()


def without_duplicates(conversations: Sequence[Conversation]) -> list[Conversation]:
    """The conversations with every one that was already said left out."""
    first: dict[bytes, Conversation] = {}
    for each in conversations:
        first.setdefault(content_key(each), each)
    return list(first.values())


def split(conversations: Sequence[Conversation], percent: float, seed: int) -> tuple[list[Conversation], list[Conversation]]:
    """(train, validation), each in file order. Who is held out follows from seed and content, so a new row moves few others."""
    wanted = round(len(conversations) * percent / 100)
    if percent > 0 and len(conversations) >= ROWS_FOR_ONE:
        wanted = max(1, wanted)
    wanted = min(wanted, max(0, len(conversations) - 1))
    salt = seed.to_bytes(8, "little", signed=True)
    lots = sorted(range(len(conversations)), key=lambda at: (blake2b(content_key(conversations[at]), key=salt, digest_size=8).digest(), at))
    held_out = set(lots[:wanted])
    train = [each for at, each in enumerate(conversations) if at not in held_out]
    return train, [conversations[at] for at in sorted(held_out)]
