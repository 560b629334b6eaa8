"""The verdict on an adapter that was made elsewhere: what it is, whether it fits a model, and why not."""

from typing import Literal

from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.core.value import Value


class AdapterVerdict(Value):
    """An adapter folder, judged against one model; a refused one has a `reason` and says `how_to_fix` it.

    `layers` of the model were matched, `parameters` are all numbers in its weights, `run` is the run folder that now holds a copy.
    """

    path: str
    verdict: Literal["usable", "refused"]
    reason: str = ""
    how_to_fix: str = ""
    technique: TechniqueSection | None = None
    layers: int = 0
    parameters: int = 0
    sha256: str = ""
    trained_on: str = ""
    """The base model that the adapter itself names; nothing was looked for there."""
    notes: tuple[str, ...] = ()
    run: str = ""

    @property
    def usable(self) -> bool:
        """Whether it was taken over."""
        return self.verdict == "usable"

    @property
    def rank(self) -> int | None:
        """The rank, where the technique has one."""
        rank = self.technique.options.get("rank") if self.technique else None
        return rank if isinstance(rank, int) else None


def another_adapter(own: TechniqueSection) -> Problem:
    """A recipe describes an adapter of another form than `own`, the technique of the one that it starts from."""
    options = ", ".join(f"{name} {value}" for name, value in own.options.items() if name != "dropout")
    what = f"The adapter to start from is {own.id} with {options}; the recipe's technique makes another one."
    return Problem(where="technique.id", what=what, how_to_fix="Set the technique and its options to these, or leave model.adapter out.")
