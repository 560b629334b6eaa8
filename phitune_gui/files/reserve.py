"""A little room kept on the disk, so that the last words of a run can be written when the disk is full."""

import errno
import os
from contextlib import suppress
from pathlib import Path

NO_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""The disk is full, or this person's share of it; Windows knows only the first."""
RESERVE_BYTES = 64 * 1024


def keep_reserve(path: Path) -> None:
    """Take the room now; without effect where there is none. Random bytes, because a file system may store zeros as nothing."""
    try:
        with path.open("wb") as file:
            file.write(os.urandom(RESERVE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        free_reserve(path)


def free_reserve(path: Path) -> None:
    """Give the room back; harmless when there is none."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
