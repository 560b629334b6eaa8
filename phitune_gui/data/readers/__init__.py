"""Reads dataset files row by row, each row with its file, its number and its line."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from phitune_gui.data.readers.arrow import count_bytes, read_arrow
from phitune_gui.data.readers.data_row import Rows
from phitune_gui.data.readers.encoding import AsUtf8
from phitune_gui.data.readers.json_array import read_json
from phitune_gui.data.readers.json_lines import read_json_lines
from phitune_gui.data.readers.markdown import read_markdown
from phitune_gui.data.readers.packed import container_suffix, open_seekable, unpacked_size
from phitune_gui.data.readers.parquet import count_rows, read_parquet
from phitune_gui.data.readers.plain_text import read_plain_text
from phitune_gui.data.readers.source_file import check_file, open_as_utf8
from phitune_gui.data.readers.tables import read_table

_TEXT_READERS: dict[str, Callable[[BinaryIO, str], Rows]] = {
    ".jsonl": read_json_lines,
    ".json": read_json,
    ".csv": read_table,
    ".tsv": read_table,
    ".txt": read_plain_text,
    ".md": read_markdown,
}
_BATCH_READERS: dict[str, tuple[Callable[[BinaryIO, Path], Rows], str, Callable[[BinaryIO], float]]] = {
    ".parquet": (read_parquet, "Parquet", count_rows),
    ".arrow": (read_arrow, "Arrow", count_bytes),
    ".feather": (read_arrow, "Arrow", count_bytes),
}


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is being read: its rows as they are asked for, its encoding in words, and its size as `DataRow.end` counts."""

    rows: Rows
    encoding: str
    size: Callable[[], float]


@contextmanager
def open_rows(path: Path) -> Iterator[OpenFile]:
    """The file's rows. Raises CannotStart for a file that cannot be read, also while its rows are read."""
    check_file(path)
    suffix = container_suffix(path)
    if suffix in _BATCH_READERS:
        read, kind, size = _BATCH_READERS[suffix]
        with open_seekable(path) as file:
            yield OpenFile(read(file, path), kind, lambda: _in_place(size, file))
        return
    with open_as_utf8(path) as (stream, encoding):
        yield OpenFile(_TEXT_READERS[suffix](stream, str(path)), encoding, lambda: unpacked_size(path) * _growth(stream))


def _in_place(size: Callable[[BinaryIO], float], file: BinaryIO) -> float:
    """The size, with the file then standing where it stood: its rows may be half read."""
    place = file.tell()
    try:
        return size(file)
    finally:
        file.seek(place)


def _growth(stream: BinaryIO) -> float:
    """How many bytes of UTF-8 a byte of the file became so far."""
    raw = stream.raw if isinstance(stream, io.BufferedReader) else None
    return raw.growth if isinstance(raw, AsUtf8) else 1.0
