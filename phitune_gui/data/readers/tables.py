"""Reads CSV and TSV, whatever the delimiter and the quotes, with the true line of every row even where quoted cells hold line breaks."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers.column_names import check_columns
from phitune_gui.data.readers.data_row import MAX_ROW_BYTES, DataRow, ReadRow, Rows

if TYPE_CHECKING:
    import _csv

SNIFFED_LINES = 100
DELIMITERS = (",", ";", "\t", "|")
_BEGINS = {quote: re.compile(rf"(?:^|[,;\t|]){quote}", re.MULTILINE) for quote in "\"'"}
_ENDS = {quote: re.compile(rf"{quote}(?=\r?$|[,;\t|])", re.MULTILINE) for quote in "\"'"}


class _Dialect(NamedTuple):
    """How cells are told apart, what they are put in, and what a quote inside stands behind; None for another quote."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None

    def rows(self, lines: Iterable[str], strict: bool) -> "_csv.Reader":
        """The cells of each row. Raises csv.Error at a row that is none, and goes on behind it."""
        return csv.reader(
            lines, delimiter=self.delimiter, quotechar=self.quote, escapechar=self.escape, doublequote=not self.escape, strict=strict
        )


def read_table(stream: BinaryIO, file: str) -> Rows:
    """The rows below the line of column names. Rows with too few or too many cells are rejected."""
    csv.field_size_limit(MAX_ROW_BYTES)
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
    lines = _lines(text, file)
    head = list(islice(lines, SNIFFED_LINES))
    yield from _rows(chain(head, lines), file, _dialect(head))
    text.detach()


def _lines(text: io.TextIOWrapper, file: str) -> Iterator[str]:
    number = 0
    while line := text.readline(MAX_ROW_BYTES):
        number += 1
        if len(line) == MAX_ROW_BYTES:
            raise CannotStart(
                f"{file}:{number}", f"Line {number} of the table is longer than {MAX_ROW_BYTES // 1024**2} MB.",
                "Check that this is a table with one row per line.",
            )  # fmt: skip
        yield line


def _dialect(head: list[str]) -> _Dialect:
    """What the first rows are written with: the usual double quotes, themselves doubled inside, unless these rows say otherwise."""
    text = "".join(head)
    cells = {quote: min(len(_BEGINS[quote].findall(text)), len(_ENDS[quote].findall(text))) for quote in _BEGINS}
    quote = "'" if cells["'"] > cells['"'] and 2 * cells["'"] >= len(head) else '"'
    delimiter = max(DELIMITERS, key=lambda each: _evenness(head, _Dialect(each, quote)))
    usual, escaped = (_Dialect(delimiter, quote, escape) for escape in (None, "\\"))
    return escaped if f"\\{quote}" in text and _faults(head, escaped) < _faults(head, usual) else usual


def _evenness(head: list[str], dialect: _Dialect) -> tuple[float, int]:
    """Which part of the rows has as many cells as the first, and how many these are."""
    try:
        rows = [row for row in dialect.rows(head, strict=False) if row]
    except csv.Error:
        return (0.0, 0)
    if not rows or len(rows[0]) < 2:
        return (0.0, 0)
    return (sum(len(row) == len(rows[0]) for row in rows) / len(rows), len(rows[0]))


def _faults(head: list[str], dialect: _Dialect) -> int:
    """How many of the rows are none, but for the last one, which may go on behind what was looked at."""
    rows, faults = dialect.rows(head, strict=True), 0
    while True:
        try:
            next(rows)
        except StopIteration:
            return faults
        except csv.Error:
            faults += rows.line_num < len(head)


def _rows(lines: Iterator[str], file: str, dialect: _Dialect) -> Rows:
    counted = _Counted(lines)
    reader = dialect.rows(counted, strict=True)
    names = _names(reader, file)
    row = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _not_proper(file, line, error)
            row += 1
            continue
        if cells:
            yield _row(cells, names, DataRow(file, row, line, {}, counted.bytes))
            row += 1


class _Counted:
    """The lines, and how many bytes of UTF-8 they were so far."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.bytes = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.bytes += len(line) if line.isascii() else len(line.encode("utf-8", errors="surrogateescape"))
            yield line


def _not_proper(file: str, line: int, error: csv.Error) -> RejectedRow:
    return RejectedRow(
        file=file, line=line, reason=f"The row is not a proper table row: {error}.",
        fix='Put cells with quotes, delimiters or line breaks in "double quotes", and write quotes inside them twice.',
    )  # fmt: skip


def _names(reader: Iterator[list[str]], file: str) -> list[str]:
    try:
        names = next((cells for cells in reader if cells), [])
    except csv.Error as error:
        raise CannotStart(
            f"{file}:1", f"The line of column names is not a proper table row: {error}.", "Write the column names in the first line."
        ) from error
    names = [name.strip() or f"column {number}" for number, name in enumerate(names, 1)]
    check_columns(names, f"{file}:1")
    return names


def _row(cells: list[str], names: list[str], place: DataRow) -> ReadRow:
    if len(cells) != len(names):
        reason = f"The row has {len(cells)} cells, but there are {len(names)} columns."
        return RejectedRow(file=place.file, line=place.line, reason=reason, fix="Check the delimiters and quotes of this row.")
    if not all(cell.isascii() or _is_readable(cell) for cell in cells):
        return RejectedRow(file=place.file, line=place.line, reason="The row is not valid UTF-8.", fix="Save the file again as UTF-8.")
    return DataRow(place.file, place.row, place.line, dict(zip(names, cells, strict=True)), place.end)


def _is_readable(cell: str) -> bool:
    return not any("\udc80" <= letter <= "\udcff" for letter in cell)
