"""The ways to start training that PhiTune offers, in the order they are shown."""

from phitune_gui.catalog.launchers.ddp import DDP
from phitune_gui.catalog.launchers.fsdp2 import FSDP2
from phitune_gui.catalog.launchers.launcher import Launcher
from phitune_gui.catalog.launchers.single import SINGLE
from phitune_gui.catalog.launchers.zero import ZERO1, ZERO2, ZERO3
from phitune_gui.core.problem import Problem

__all__ = ["LAUNCHERS", "Launcher", "launcher", "launchers_for", "unknown_launcher"]

LAUNCHERS: tuple[Launcher, ...] = (SINGLE, DDP, FSDP2, ZERO1, ZERO2, ZERO3)


def launcher(id: str) -> Launcher:
    """The launcher of this id; KeyError when there is none."""
    return {known.id: known for known in LAUNCHERS}[id]


def unknown_launcher(id: str) -> Problem | None:
    """What to say of an id that no launcher has; None for one that there is."""
    known = [each.id for each in LAUNCHERS]
    if id in known:
        return None
    return Problem(where="launcher.id", what=f"PhiTune has no launcher named {id!r}.", how_to_fix=f"Choose one of: {', '.join(known)}.")


def launchers_for(technique: str) -> tuple[str, ...]:
    """Ids of the launchers that are proven for the technique of this id."""
    return tuple(known.id for known in LAUNCHERS if known.techniques is None or technique in known.techniques)
