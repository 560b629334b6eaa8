"""Encoded rows as files of numbers: written once from front to back, then read in place, so that only rows in use take memory."""

import os
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np
import numpy.typing as npt

from phitune_gui.data.split import Places
from phitune_gui.data.tokens import Encoded, TokenRow

TOKENS_FILE, TEXTS_FILE, ENDS_FILE = "tokens.u32", "texts.utf8", "ends.i64"
"""Ids with LEARNED_BIT, the beginning of each row's text, and where each row ends in both."""
LEARNED_BIT = np.uint32(1 << 31)
KEPT_LETTERS = 2000
"""So much of a row's text is kept; only the comparison of tokenizers before an export reads it."""
_FLUSH_TOKENS = 1 << 18


class TokenWriter:
    """Takes rows one after another into the files of `folder`. What the disk refuses is kept as `failure`, and then nothing is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: tuple[BinaryIO, ...] = ()
        self._ids, self._spans, self._ends = array("I"), array("q"), array("q")
        self._texts: list[bytes] = []
        self._tokens = self._letters = 0
        self.failure: OSError | None = None

    def __enter__(self) -> "TokenWriter":
        self._files = tuple((self._folder / name).open("wb") for name in (TOKENS_FILE, TEXTS_FILE, ENDS_FILE))
        return self

    def __exit__(self, *_raised: object) -> None:
        self.flush()
        for file in self._files:
            try:
                file.close()
            except OSError as error:
                self.failure = self.failure or error

    def add(self, row: TokenRow) -> None:
        """Take the next row."""
        if self.failure is not None:
            return
        first, text = len(self._ids), row.text[:KEPT_LETTERS].encode("utf-8", errors="surrogatepass")
        self._ids.extend(row.ids)
        for start, end in row.spans:
            self._spans.append(first + start)
            self._spans.append(first + end)
        self._texts.append(text)
        self._letters += len(text)
        self._ends.append(self._tokens + len(self._ids))
        self._ends.append(self._letters)
        if len(self._ids) >= _FLUSH_TOKENS:
            self.flush()

    def flush(self) -> None:
        """Write what was taken."""
        tokens = np.array(self._ids, np.uint32)
        edges = np.zeros(len(tokens) + 1, np.int8)
        spans = np.array(self._spans, np.int64)
        np.add.at(edges, spans[0::2], 1)
        np.add.at(edges, spans[1::2], -1)
        tokens[np.cumsum(edges[:-1], dtype=np.int8) > 0] |= LEARNED_BIT
        try:
            for file, content in zip(self._files, (tokens.tobytes(), b"".join(self._texts), self._ends.tobytes()), strict=True):
                file.write(content)
        except OSError as error:
            self.failure = self.failure or error
        self._tokens += len(tokens)
        self._ids, self._spans, self._ends = array("I"), array("q"), array("q")
        self._texts.clear()


def write_numbers(folder: Path, name: str, rows: Places) -> None:
    """Which rows a part is made of. Raises OSError."""
    (folder / name).write_bytes(rows.astype(np.int64).tobytes())


class StoredRows(Sequence[Encoded]):
    """The rows of one part, each read from its place on the disk when it is asked for."""

    def __init__(self, folder: Path, part: str) -> None:
        """Raises OSError and ValueError for files that are not there or not whole numbers long."""
        self._tokens, self._texts = _mapped(folder / TOKENS_FILE, np.uint32), _mapped(folder / TEXTS_FILE, np.uint8)
        self._ends, self._rows = _mapped(folder / ENDS_FILE, np.int64), _mapped(folder / part, np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Encoded: ...
    @overload
    def __getitem__(self, at: slice) -> list[Encoded]: ...
    def __getitem__(self, at: int | slice) -> Encoded | list[Encoded]:
        """The row, cut at the recipe's limit, with the beginning of its text."""
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        row = int(self._rows[at])
        first, first_letter = self._ends[2 * row - 2 : 2 * row] if row else (0, 0)
        end, end_letter = self._ends[2 * row : 2 * row + 2]
        tokens = self._tokens[first:end]
        text = self._texts[first_letter:end_letter].tobytes().decode("utf-8", errors="surrogatepass")
        return Encoded((tokens & ~LEARNED_BIT).tolist(), (tokens >= LEARNED_BIT).tolist(), text)


def _mapped(path: Path, kind: type[np.generic]) -> npt.NDArray[Any]:
    """The file as numbers; an empty one cannot be mapped."""
    return np.memmap(path, kind, "r") if os.path.getsize(path) else np.zeros(0, kind)  # noqa: PTH202
