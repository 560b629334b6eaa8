"""Files that grow by whole lines: one writer appends, any number of readers follow."""

import os
from pathlib import Path

from phitune_gui.files.regular import open_regular, require_regular
from phitune_gui.files.reserve import NO_SPACE, free_reserve

MAX_LINE = 8 * 1024 * 1024
"""Longer lines are dropped by the reader; nothing that we write comes near."""


class LineAppender:
    """Appends lines to a file, each with one write call, so that a kill cannot tear a line that fits the page cache.

    Where the disk fills up within a line, that line is lost and no other: the next one begins on a line of its own. `reserve` is a file
    of `files.reserve` that may be given up for a last line.
    """

    def __init__(self, path: Path, reserve: Path | None = None) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        self._handle = os.open(path, flags, 0o600)
        self._reserve = reserve
        try:
            require_regular(self._handle, path)
            self._torn = _ends_torn(path)
        except BaseException:
            os.close(self._handle)
            raise

    def append(self, line: bytes) -> None:
        """Write `line`, which ends in a newline. Raises OSError, for example when the disk is full."""
        rest = b"\n" + line if self._torn else line
        self._torn = True
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        self._torn = False

    def append_last(self, line: bytes) -> None:
        """Like `append`, for a line that must be written: when the disk is full, the reserve is given up for it."""
        try:
            self.append(line)
        except OSError as error:
            if self._reserve is None or error.errno not in NO_SPACE:
                raise
            free_reserve(self._reserve)
            self.append(line)

    def sync(self) -> None:
        """Make everything appended so far durable."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Close the file; appending afterwards is an error."""
        os.close(self._handle)


class LineTail:
    """Reads the complete lines that were added since the last read; what is missing or no plain file has no lines.

    Reading starts at byte `position`.
    """

    def __init__(self, path: Path, position: int = 0) -> None:
        self._path = path
        self._position = position
        self._rest = b""

    def read(self) -> list[bytes]:
        """New complete lines without their line ends; a line still being written waits for the next read."""
        if not self._path.is_file():
            return []
        try:
            with open_regular(self._path) as file:
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
