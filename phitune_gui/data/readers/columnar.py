"""What Parquet and Arrow have in common: batches become rows within limits, and damage becomes a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers.data_row import MAX_ROW_BYTES, DataRow, Rows

SLICE_ROWS = 256
"""So many rows become Python's values at a time."""


@contextmanager
def damage_told(path: Path, kind: str) -> Iterator[None]:
    """Turns what pyarrow says of a damaged file into CannotStart."""
    import pyarrow

    try:
        yield
    except MemoryError as error:
        what = f"The {kind} file '{path}' asks for more memory than there is: it is damaged, or a part of it is too large."
        raise CannotStart(
            str(path), what, "Copy or download the file again, or write it with smaller parts (row groups, batches)."
        ) from error
    except (pyarrow.ArrowException, OSError, ValueError, EOFError) as error:
        reason = str(error).splitlines()[0].rstrip(".")[:200] if str(error) else type(error).__name__
        what = f"The {kind} file '{path}' is damaged or incomplete: {reason}."
        raise CannotStart(str(path), what, "Copy or download the file again.") from error


def rows_of(batch: Any, file: str, row: int, begin: int, end: int) -> Rows:
    """The rows of the batch, the first of which has number `row`; their ends lie evenly between `begin` and `end`."""
    for start in range(0, batch.num_rows, SLICE_ROWS):
        part = batch.slice(start, SLICE_ROWS)
        for at, read in enumerate(_values(part), start):
            if isinstance(read, str):
                reason = f"Row {row + at} (counted from 0): {read}"
                yield RejectedRow(file=file, line=0, reason=reason, fix="Mend the row where the file was made, or leave it out.")
            else:
                yield DataRow(file, row + at, 0, read, begin + (end - begin) * (at + 1) // batch.num_rows)


def _values(part: Any) -> Iterator[dict[str, Any] | str]:
    """Every row's values, or why it has none; one by one where they are large or some cannot be told in Python's values."""
    if part.nbytes <= MAX_ROW_BYTES:
        try:
            yield from part.to_pylist()
            return
        except (ValueError, OverflowError):
            pass
    for at in range(part.num_rows):
        yield _value(part.slice(at, 1))


def _value(part: Any) -> dict[str, Any] | str:
    try:
        values: dict[str, Any] = part.to_pylist()[0]
    except UnicodeDecodeError:
        return "A text in it is not valid UTF-8."
    except (ValueError, OverflowError) as error:
        return f"A value in it cannot be read ({error})."
    if _size(values) > MAX_ROW_BYTES:
        return f"The row is longer than {MAX_ROW_BYTES // 1024**2} MB."
    return values


def _size(value: Any) -> int:
    """About how many bytes of text the value holds."""
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str | bytes) else 1
