"""Says by token ids alone which tokens carry loss: what follows an answer's header, through the token that ends the answer."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Markers:
    """The ids before an answer and the ids that end it, as this model's tokenizer writes them."""

    header: tuple[int, ...]
    end: tuple[int, ...]

    def spans(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """Where (from, to) tokens after a header through the end stand; an answer without an end is learned to the last token."""
        spans = []
        position = _after(ids, self.header, 0)
        while position is not None:
            end = _after(ids, self.end, position) or len(ids)
            spans.append((position, end))
            position = _after(ids, self.header, end)
        return spans


def _after(ids: Sequence[int], wanted: tuple[int, ...], start: int) -> int | None:
    """The position behind the next occurrence of `wanted` from `start` on; None when there is none."""
    if not wanted:
        return None
    while True:
        try:
            start = ids.index(wanted[0], start) + 1
        except ValueError:
            return None
        if len(wanted) == 1 or tuple(ids[start - 1 : start - 1 + len(wanted)]) == wanted:
            return start - 1 + len(wanted)
