"""Reads Arrow files and streams (Feather, the Hub's dataset caches) batch by batch; their rows have no lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers.column_names import check_columns
from phitune_gui.data.readers.columnar import damage_told, rows_of
from phitune_gui.data.readers.data_row import Rows

FILE_MARK, OLD_FEATHER_MARK = b"ARROW1", b"FEA1"


def read_arrow(file: BinaryIO, path: Path) -> Rows:
    """The rows of the file. Raises CannotStart when it is damaged or no Arrow at all."""
    mark = file.read(len(FILE_MARK))
    size = file.seek(0, 2)
    file.seek(0)
    if mark.startswith(OLD_FEATHER_MARK):
        what = f"'{path}' is a Feather file of the first version, which is no longer read."
        raise CannotStart(str(path), what, "Save it as Feather version 2 or as Parquet.")
    row = 0
    with damage_told(path, "Arrow"):
        for batch, begin, end in _file_batches(file, size, path) if mark == FILE_MARK else _stream_batches(file, path):
            batch.validate(full=True)  # offsets that point outside would be followed
            yield from rows_of(batch, str(path), row, begin, end)
            row += batch.num_rows


def count_bytes(file: BinaryIO) -> int:
    """How large the file is, as the rows' `end` counts."""
    return file.seek(0, 2)


def _file_batches(file: BinaryIO, size: int, path: Path) -> Iterator[tuple[Any, int, int]]:
    """Every batch, with the bytes where it begins and ends if all batches are equally large."""
    import pyarrow

    with pyarrow.ipc.open_file(file) as batches:
        check_columns(batches.schema.names, str(path))
        count = batches.num_record_batches
        for number in range(count):
            yield batches.get_batch(number), size * number // count, size * (number + 1) // count


def _stream_batches(file: BinaryIO, path: Path) -> Iterator[tuple[Any, int, int]]:
    """Every batch, with the bytes where it begins and ends."""
    import pyarrow

    with pyarrow.ipc.open_stream(file) as batches:
        check_columns(batches.schema.names, str(path))
        begin = file.tell()
        for batch in batches:
            yield batch, begin, file.tell()
            begin = file.tell()
