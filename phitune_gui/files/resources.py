"""Finds the files that come with PhiTune: icons, help pages, sample data, starter recipes."""

import sys
from functools import cache
from pathlib import Path


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder, wherever this PhiTune was installed: `resource("datasets", "colours.jsonl")`."""
    path = _root().joinpath(*parts)
    if not path.exists():
        wanted = "/".join(parts)
        raise FileNotFoundError(f"PhiTune's own file '{wanted}' is missing under {_root()}; install PhiTune again.")
    return path


@cache
def _root() -> Path:
    places = _places()
    for place in places:
        if place.is_dir():
            return place
    looked_in = " or ".join(str(place) for place in places)
    raise FileNotFoundError(f"PhiTune's resources folder is neither at {looked_in}; install PhiTune again.")


def _places() -> list[Path]:
    """Frozen app, wheel, repository: in this order, because only the first that exists belongs to the running code."""
    package = Path(__file__).resolve().parents[1]
    places = [package / "resources", package.parent / "resources"]
    frozen_root = getattr(sys, "_MEIPASS", None)
    return places if frozen_root is None else [Path(frozen_root) / "resources", *places]
