"""Reads small files that anybody may have put there: regular ones within a limit, and nothing that blocks or raises oddly."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

MAX_JSON_BYTES = 4_000_000


def open_regular(path: Path) -> BinaryIO:
    """The file opened for reading. Raises OSError, also for a folder or a pipe, at which a plain `open` would wait for ever."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        require_regular(handle, path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def require_regular(handle: int, path: Path) -> None:
    """OSError unless the open `handle` is that of a plain file."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))


def read_regular(path: Path, limit: int = MAX_JSON_BYTES) -> bytes:
    """The whole file. Raises OSError, also when it is no plain file or larger than `limit` bytes."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, "it is too large", str(path))
    return content


def read_object(path: Path, limit: int = MAX_JSON_BYTES) -> dict[str, Any] | None:
    """The JSON object that the file holds; None when it cannot be read, is none, or nests too deep."""
    try:
        document = json.loads(read_regular(path, limit))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
