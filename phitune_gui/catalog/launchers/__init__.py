"""The ways to start training that PhiTune offers, in the order they are shown."""

from phitune_gui.catalog.launchers.ddp import DDP
from phitune_gui.catalog.launchers.fsdp2 import FSDP2
from phitune_gui.catalog.launchers.launcher import Launcher
from phitune_gui.catalog.launchers.single import SINGLE

__all__ = ["LAUNCHERS", "Launcher", "launcher"]

LAUNCHERS: tuple[Launcher, ...] = (SINGLE, DDP, FSDP2)


def launcher(id: str) -> Launcher:
    """The launcher of this id; KeyError when there is none."""
    return {known.id: known for known in LAUNCHERS}[id]
