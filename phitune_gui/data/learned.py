"""Says by token ids alone which tokens carry loss: what follows an answer's header, through the token that ends the answer."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Markers:
    """The ids before an answer and the ids that end it, as this model's tokenizer writes them."""

    header: tuple[int, ...]
    end: tuple[int, ...]

    def learned(self, ids: Sequence[int]) -> list[bool]:
        """True for each token after a header through the end; an answer without an end is learned to the last token."""
        learned = [False] * len(ids)
        position = _after(ids, self.header, 0)
        while position is not None:
            end = _after(ids, self.end, position) or len(ids)
            learned[position:end] = [True] * (end - position)
            position = _after(ids, self.header, end)
        return learned


def _after(ids: Sequence[int], wanted: tuple[int, ...], start: int) -> int | None:
    """The position behind the next occurrence of `wanted` from `start` on; None when there is none."""
    if not wanted:
        return None
    for at in range(start, len(ids) - len(wanted) + 1):
        if ids[at] == wanted[0] and tuple(ids[at : at + len(wanted)]) == wanted:
            return at + len(wanted)
    return None
