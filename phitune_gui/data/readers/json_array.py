"""Reads a JSON file: an array of objects, or objects one after another, in pieces, with the line of every row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.data.readers.data_row import MAX_ROW_BYTES, DataRow, ReadRow, Rows, too_long
from phitune_gui.data.readers.strict_json import parse_object

CHUNK_BYTES = 1 << 20
_SIGN = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|["\[\]{},]')
"""A whole string, or one sign; a lone quote is a string that does not end on its line, which JSON forbids."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """The text of one row with the line it begins in; `is_whole` is False when the file ended first."""

    text: bytes
    line: int
    end: int
    is_whole: bool = True
    is_too_long: bool = False


def read_json(stream: BinaryIO, file: str) -> Rows:
    """The rows of the file. A broken one is rejected, and reading goes on behind the next comma or brace at the rows' own level."""
    for row, piece in enumerate(_Pieces(stream).read()):
        yield _row(piece, file, row)


def _row(piece: _Piece, file: str, row: int) -> ReadRow:
    if piece.is_too_long:
        return too_long(file, piece.line)
    if not piece.is_whole:
        return RejectedRow(
            file=file, line=piece.line, reason="The file is cut off: it ends in the middle of a row or before the list is closed.",
            fix="Copy or download the file again; it is incomplete.",
        )  # fmt: skip
    try:
        return DataRow(file, row, piece.line, parse_object(piece.text), piece.end)
    except BadRow as bad:
        return RejectedRow(file=file, line=piece.line, reason=str(bad), fix=bad.fix)


class _Pieces:
    """Cuts the stream into rows without parsing them; holds one row and one chunk at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._buffer = b""
        self._start = 0
        """Where in the buffer the next row begins."""
        self._line = 1
        self._taken = 0
        self._in_array = False

    def read(self) -> Iterator[_Piece]:
        """Every row that is not blank; last, a piece that is not whole when the array was never closed."""
        self._open_array()
        while (piece := self._next()) is not None:
            if piece.text or piece.is_too_long:
                yield piece
        if self._in_array:
            yield _Piece(b"", self._line, self._taken, is_whole=False)

    def _open_array(self) -> None:
        while self._more():
            blanks = len(self._buffer) - len(self._buffer.lstrip())
            self._take(blanks)
            if self._buffer[blanks : blanks + 1]:
                self._in_array = self._buffer[blanks : blanks + 1] == b"["
                self._take(blanks + self._in_array)
                return

    def _next(self) -> _Piece | None:
        """The next row; None at the end of the file."""
        depth, dropped_from, position = 0, 0, self._start
        while True:
            match = _SIGN.search(self._buffer, position)
            if match is None or (match.group() == b'"' and self._buffer.find(b"\n", match.end()) < 0):
                position = len(self._buffer) if match is None else match.start()
                if position - self._start > MAX_ROW_BYTES:
                    dropped_from = dropped_from or self._line
                    self._take(position)
                position -= self._start
                if len(self._buffer) - self._start > 2 * MAX_ROW_BYTES or not self._more():
                    return self._last(dropped_from, is_open=depth > 0 or match is not None)
                continue
            position = match.end()
            depth += _step(match.group())
            if depth < 0 or (depth == 0 and self._ends_row(match.group())):
                return self._finished(match, depth < 0, dropped_from)

    def _ends_row(self, sign: bytes) -> bool:
        return sign == b"," or (not self._in_array and sign in (b"}", b"]"))

    def _finished(self, match: re.Match[bytes], closes_array: bool, dropped_from: int) -> _Piece:
        own_sign = closes_array or match.group() == b","
        if closes_array:
            self._in_array = False
        piece = self._piece(match.start() if own_sign else match.end(), dropped_from)
        self._take(match.end())
        return piece

    def _last(self, dropped_from: int, is_open: bool) -> _Piece | None:
        """What is left when the file ends; a row that is still open then says so for its list too."""
        self._in_array = self._in_array and not is_open
        piece = self._piece(len(self._buffer), dropped_from)
        return replace(piece, is_whole=not is_open) if piece.text or dropped_from else None

    def _piece(self, end: int, dropped_from: int) -> _Piece:
        text = self._buffer[self._start : end]
        stripped = text.lstrip()
        line = dropped_from or self._line + text.count(b"\n", 0, len(text) - len(stripped))
        self._take(end)
        return _Piece(stripped.rstrip(), line, self._taken, is_too_long=bool(dropped_from) or len(stripped) > MAX_ROW_BYTES)

    def _take(self, end: int) -> None:
        """The next row begins at `end` of the buffer."""
        self._line += self._buffer.count(b"\n", self._start, end)
        self._taken += end - self._start
        self._start = end

    def _more(self) -> bool:
        """Read on; positions then count from where the next row began. False at the end of the file."""
        chunk = self._stream.read(CHUNK_BYTES)
        self._buffer, self._start = self._buffer[self._start :] + chunk, 0
        return bool(chunk)


def _step(sign: bytes) -> int:
    return (sign in (b"[", b"{")) - (sign in (b"]", b"}"))
