"""What a launcher is: a way to start the processes that train together."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Launcher:
    """One way to start training; `several` when it starts more than one process, `shares` when it heeds ZeRO stage and offload."""

    id: str
    label: str
    summary: str
    several: bool
    shares: bool = False
    zero_stage: int | None = None
    """The stage of DeepSpeed's ZeRO that it trains with; None without DeepSpeed."""
    splits_layers: bool = False
    """Whether each process keeps a part of every frozen layer only."""
    techniques: tuple[str, ...] | None = None
    """Ids of the techniques that it is proven for, when not for all; `why_not` says why the others are refused."""
    why_not: str = ""
    when: str = ""
    """When to choose it, in a sentence."""
    time_factor: float = 1.0
    """Seconds of a step against those of one process with as many cores."""
    machines: bool = True
    """Whether several machines may train together, where there are several processes."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What each process must find in its environment."""
