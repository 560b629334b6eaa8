"""Reads Parquet in batches; its rows have no lines."""

from pathlib import Path
from typing import BinaryIO

from phitune_gui.data.readers.column_names import check_columns
from phitune_gui.data.readers.columnar import damage_told, rows_of
from phitune_gui.data.readers.data_row import Rows

BATCH_ROWS = 1024


def count_rows(file: BinaryIO) -> int:
    """How many rows the file says it has."""
    import pyarrow.parquet

    return int(pyarrow.parquet.read_metadata(file).num_rows)


def read_parquet(file: BinaryIO, path: Path) -> Rows:
    """The rows of the file. Raises CannotStart when it is damaged or no Parquet at all."""
    import pyarrow.parquet

    row = 0
    with damage_told(path, "Parquet"), pyarrow.parquet.ParquetFile(file, pre_buffer=False) as table:
        check_columns(table.schema_arrow.names, str(path))
        for batch in table.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            yield from rows_of(batch, str(path), row, row, row + batch.num_rows)
            row += batch.num_rows
