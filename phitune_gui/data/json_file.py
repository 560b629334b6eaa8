"""Reads a JSON file of a stranger within a size limit, and says in one sentence what is wrong with it."""

from pathlib import Path
from typing import Any

import orjson

from phitune_gui.core.problem import CannotStart

_LFS_POINTER = b"version https://git-lfs"
FETCH_AGAIN = "Fetch this file again from where the model came from."


def read_json_object(path: Path, limit: int) -> dict[str, Any]:
    """The object that the file holds; at most `limit` bytes are read. CannotStart says why it cannot be read."""
    return parse_json_object(path, read_limited(path, limit))


def read_limited(path: Path, limit: int) -> bytes:
    """The whole file; CannotStart when it is missing, unreadable or larger than `limit` bytes."""
    require_file(path)
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(content) > limit:
        raise CannotStart(str(path), f"{path.name} is larger than {limit // 1_000_000} MB, which no real one is.", FETCH_AGAIN)
    return content


def require_file(path: Path) -> None:
    """CannotStart when something else than a file lies there: opening a pipe or a device can wait for ever. A missing one is let pass."""
    if path.exists() and not path.is_file():
        raise CannotStart(str(path), f"{path.name} is no file but a folder, a pipe or a device.", FETCH_AGAIN)


def parse_json_object(path: Path, content: bytes) -> dict[str, Any]:
    """The object that these bytes of `path` are; too deep nesting counts as no JSON."""
    if content.startswith(_LFS_POINTER):
        raise lfs_pointer(path)
    try:
        found = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        what = f"{path.name} is no valid JSON: {error.msg} (line {error.lineno})."
        raise CannotStart(f"{path}:{error.lineno}", what, FETCH_AGAIN) from error
    if not isinstance(found, dict):
        raise CannotStart(str(path), f"{path.name} holds no JSON object.", FETCH_AGAIN)
    return found


def lfs_pointer(path: Path) -> CannotStart:
    """The refusal of a file that only points to the real one."""
    what = f"{path.name} is only a Git LFS pointer of a few lines, not the file itself."
    return CannotStart(str(path), what, "Run 'git lfs pull' in this folder, or fetch the file by other means.")


def unreadable(path: Path, error: OSError) -> CannotStart:
    """The refusal of a file that the system does not let us read."""
    if path.is_symlink() and not path.exists():
        return CannotStart(str(path), f"{path.name} is a link to a file that is gone.", FETCH_AGAIN)
    why = (error.strerror or "the system refused").lower()
    return CannotStart(str(path), f"{path.name} cannot be read: {why}.", "Check that the file exists and that you may read it.")
