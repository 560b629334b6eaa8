"""Paths as people write them, and where PhiTune keeps its own; PHITUNE_HOME moves all of that."""

import os
from pathlib import Path

import platformdirs

from phitune_gui.core.problem import CannotStart


def expanded(path: str | Path) -> Path:
    """The path with a leading `~` replaced by the home folder it means. Raises CannotStart when nobody has that name."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise CannotStart(str(path), f"The path {path} means the home folder of a user who is not known here.", "Write it out.") from error


def home() -> Path:
    """The folder of everything that PhiTune keeps."""
    named = os.environ.get("PHITUNE_HOME")
    return expanded(named).absolute() if named else Path(platformdirs.user_data_dir("PhiTune", appauthor=False))


def cache_folder() -> Path:
    """What can be deleted at any time and comes back by itself."""
    return home() / "cache"
