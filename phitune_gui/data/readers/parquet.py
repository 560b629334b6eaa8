"""Reads Parquet in batches; its rows have no lines."""

from pathlib import Path
from typing import Any, BinaryIO

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers.data_row import DataRow, Rows

BATCH_ROWS = 1024


def count_rows(file: BinaryIO) -> int:
    """How many rows the file says it has."""
    import pyarrow.parquet

    return int(pyarrow.parquet.read_metadata(file).num_rows)


def read_parquet(file: BinaryIO, path: Path) -> Rows:
    """The rows of the file. Raises CannotStart when it is damaged or no Parquet at all."""
    import pyarrow
    import pyarrow.parquet

    row = 0
    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                values: list[dict[str, Any]] = batch.to_pylist()
                for each in values:
                    yield DataRow(str(path), row, 0, each, row + 1)
                    row += 1
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")[:200] if str(error) else type(error).__name__
        raise CannotStart(
            str(path), f"The Parquet file '{path}' is damaged or incomplete: {reason}.", "Copy or download the file again."
        ) from error
