"""What every reader yields: rows with their place in the file, and rejected rows with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from phitune_gui.core.dataset_report import RejectedRow

MAX_ROW_BYTES = 8 * 1024 * 1024
"""Longer lines, cells and text blocks are refused: they are never rows."""
MAX_COLUMNS = 10_000
"""More columns or keys are refused: they are figures or a table that lies on its side, and no row of text."""
MAX_DEPTH = 64
"""Lists and objects nested deeper than this are refused; deep ones make some parsers crash."""


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row as read. `row` counts the file's rows from 0, `line` its lines from 1 (0 when the container has no lines).

    `end` is how far the file is read with it: bytes of its UTF-8, or rows where the container counts them.
    """

    file: str
    row: int
    line: int
    values: dict[str, Any]
    end: int


ReadRow = DataRow | RejectedRow
Rows = Iterator[ReadRow]


def too_long(file: str, line: int) -> RejectedRow:
    """The row at `line` is longer than a row may be."""
    return RejectedRow(
        file=file, line=line, reason=f"The row is longer than {MAX_ROW_BYTES // 1024**2} MB.", fix="Split it into several rows."
    )
