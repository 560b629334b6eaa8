"""What a launcher is: a way to start the processes that train together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Launcher:
    """One way to start training; `several` when it starts more than one process, `shares` when it heeds ZeRO stage and offload."""

    id: str
    label: str
    summary: str
    several: bool
    shares: bool = False
