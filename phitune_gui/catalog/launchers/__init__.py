"""The ways to start training that PhiTune offers, in the order they are shown."""

from phitune_gui.catalog.launchers.ddp import DDP
from phitune_gui.catalog.launchers.fsdp2 import FSDP2
from phitune_gui.catalog.launchers.launcher import Launcher
from phitune_gui.catalog.launchers.single import SINGLE
from phitune_gui.catalog.launchers.zero import ZERO1, ZERO2, ZERO3

__all__ = ["LAUNCHERS", "Launcher", "launcher", "launchers_for"]

LAUNCHERS: tuple[Launcher, ...] = (SINGLE, DDP, FSDP2, ZERO1, ZERO2, ZERO3)


def launcher(id: str) -> Launcher:
    """The launcher of this id; KeyError when there is none."""
    return {known.id: known for known in LAUNCHERS}[id]


def launchers_for(technique: str) -> tuple[str, ...]:
    """Ids of the launchers that are proven for the technique of this id."""
    return tuple(known.id for known in LAUNCHERS if known.techniques is None or technique in known.techniques)
