"""Which checkpoints lie in a run folder."""

import re
from pathlib import Path

from phitune_gui.core.names import CHECKPOINTS_FOLDER

_NAME = re.compile(r"step-(\d{6,9})")


def checkpoint_steps(run: Path) -> dict[int, Path]:
    """Checkpoint folders by step; whatever else lies there, such as a copy made by hand, is left out."""
    try:
        entries = list((run / CHECKPOINTS_FOLDER).iterdir())
    except OSError:
        return {}
    found = ((_NAME.fullmatch(entry.name), entry) for entry in entries if entry.is_dir() and not entry.is_symlink())
    return {int(name[1]): entry for name, entry in found if name}
