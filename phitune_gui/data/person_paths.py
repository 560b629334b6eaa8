"""Paths as people write them."""

from pathlib import Path

from phitune_gui.core.problem import CannotStart


def expanded(path: str | Path) -> Path:
    """The path with a leading `~` replaced by the home folder it means. Raises CannotStart when nobody has that name."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise CannotStart(str(path), f"The path {path} means the home folder of a user who is not known here.", "Write it out.") from error
