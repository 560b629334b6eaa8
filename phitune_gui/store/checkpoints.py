"""Which checkpoints lie in a run folder."""

from pathlib import Path

from phitune_gui.core.checkpoint_name import checkpoint_step
from phitune_gui.core.names import CHECKPOINTS_FOLDER


def checkpoint_steps(run: Path) -> dict[int, Path]:
    """Checkpoint folders by step; whatever else lies there, such as a copy made by hand, is left out."""
    try:
        entries = [entry for entry in (run / CHECKPOINTS_FOLDER).iterdir() if entry.is_dir() and not entry.is_symlink()]
    except OSError:
        return {}
    return {step: entry for entry in entries if (step := checkpoint_step(entry.name)) is not None}
