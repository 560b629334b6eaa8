"""Files that grow by whole lines: one writer appends, any number of readers follow."""

import os
from pathlib import Path

MAX_LINE = 8 * 1024 * 1024
"""Longer lines are dropped by the reader; nothing that we write comes near."""


class LineAppender:
    """Appends lines to a file, each with one write call, so that a kill cannot tear a line that fits the page cache."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        if _ends_torn(path):
            os.write(self._handle, b"\n")

    def append(self, line: bytes) -> None:
        """Write `line`, which ends in a newline. Raises OSError, for example when the disk is full."""
        os.write(self._handle, line)

    def sync(self) -> None:
        """Make everything appended so far durable."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Close the file; appending afterwards is an error."""
        os.close(self._handle)


class LineTail:
    """Reads the complete lines that were added since the last read; a missing file has no lines yet.

    Reading starts at byte `position`.
    """

    def __init__(self, path: Path, position: int = 0) -> None:
        self._path = path
        self._position = position
        self._rest = b""

    def read(self) -> list[bytes]:
        """New complete lines without their line ends; a line still being written waits for the next read."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except FileNotFoundError:
            return []
        self._position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            self._rest = b""
        return [line for line in lines if line.strip() and len(line) <= MAX_LINE]


def _ends_torn(path: Path) -> bool:
    """Whether the file's last line has no end, as after a power loss; the next line must not be glued to it."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
