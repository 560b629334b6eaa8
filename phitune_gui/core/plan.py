"""What will happen, in numbers, before anything starts."""

from phitune_gui.core.problem import Problem
from phitune_gui.core.value import Value


class MemoryPlan(Value):
    """Predicted peak memory, part by part, in bytes, against what the device has free.

    On a GPU it is that of the fullest one, and `ram_bytes` is what the machine needs beside it, mostly while loading.
    """

    device: str = "cpu"
    parts: dict[str, int] = {}
    total_bytes: int = 0
    available_bytes: int = 0
    ram_bytes: int = 0
    ram_available_bytes: int = 0


class Change(Value):
    """One edit that *Make it fit* would make: what it saves and what it costs, in words and in seconds of the whole run."""

    field: str
    value: str
    saves_bytes: int
    costs: str
    adds_seconds: float = 0.0


class Plan(Value):
    """The consequences of a recipe on this machine. Bytes, seconds, counts; `problems` may block Start."""

    trainable_parameters: int = 0
    total_parameters: int = 0
    trainable_percent: float = 0.0
    effective_batch_size: int = 0
    train_rows: int = 0
    validation_rows: int = 0
    steps: int = 0
    steps_per_epoch: int = 0
    save_steps: int = 0
    eval_steps: int = 0
    tokens_per_epoch: int = 0
    learned_tokens_per_epoch: int = 0
    tokens_estimated: bool = False
    memory: MemoryPlan = MemoryPlan()
    disk_bytes: int = 0
    free_disk_bytes: int = 0
    time_seconds: float = 0.0
    time_measured: bool = False
    """Whether the time rests on measurements of this machine; else on assumptions, good to a factor of two."""
    energy_kwh: float | None = None
    cost: float | None = None
    """In the currency of the price that the person gave; both None while watts or price are not known."""
    problems: tuple[Problem, ...] = ()
    make_it_fit: tuple[Change, ...] = ()
    """The quickest set of edits that is enough; empty when the run fits as it is, and when nothing makes it fit."""
    other_ways_to_fit: tuple[tuple[Change, ...], ...] = ()
    """Up to two other sets that are enough as well, each no quicker than the one before."""

    @property
    def blocked(self) -> bool:
        """Whether a problem forbids Start."""
        return any(problem.severity == "problem" for problem in self.problems)
