"""What is known of an adapter: the verdict on one that was made elsewhere, the report on one that a recipe starts from."""

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


class AdapterReport(Value):
    """The adapter that a recipe starts from, as it was read for one model: what training goes on as, or the problem that forbids it.

    `became` says in a sentence what it was made as, where that is not what it goes on as. `blocks` are those of the model, 0 while unknown.
    """

    technique: TechniqueSection | None = None
    problem: Problem | None = None
    became: str = ""
    blocks: int = 0
