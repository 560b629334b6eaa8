"""Names in a sentence, however many and however long they are."""

from collections.abc import Sequence

_LONGEST = 60


def listed(names: Sequence[str], most: int) -> str:
    """`a, b and 7 more`: the first `most` names, each cut to 60 characters."""
    shown = ", ".join(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 3]}..." for name in names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
