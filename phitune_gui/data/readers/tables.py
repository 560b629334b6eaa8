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
SNIFFED_LETTERS = 1_000_000
DELIMITERS = (",", ";", "\t", "|")
_GOES_ON = "unexpected end of data"
"""What csv says of a last row that may go on behind what was looked at."""
_QUOTED = 0.8
"""Share of the cells that stand in single quotes where these are more than apostrophes."""


class _Dialect(NamedTuple):
    """How cells are told apart, what they are put in, and whether a quote inside may stand behind a backslash."""

    delimiter: str = ","
    quote: str = '"'
    escapes: bool = False

    def rows(self, lines: Iterable[str], strict: bool) -> "_csv.Reader":
        """The cells of each row. Raises csv.Error at a row that is none, and goes on behind it."""
        if self.escapes:
            escaped = re.compile(rf"(?<!\\)((?:\\\\)*)\\{self.quote}")
            lines = (escaped.sub(rf"\1{self.quote}{self.quote}", line) for line in lines)  # other backslashes are text
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=strict)


def read_table(stream: BinaryIO, file: str) -> Rows:
    """The rows below the line of column names. Rows with too few or too many cells are rejected."""
    csv.field_size_limit(MAX_ROW_BYTES)
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
    lines = _lines(text, file)
    head = list(islice(lines, SNIFFED_LINES))
    yield from _rows(chain(head, lines), file, _dialect(list(_within(head, SNIFFED_LETTERS))))
    text.detach()


def _within(lines: Iterable[str], letters: int) -> Iterator[str]:
    """The first of the lines, as many as have so many letters together, and one at least."""
    for line in lines:
        yield line
        letters -= len(line)
        if letters < 0:
            return


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
    single = _best(head, "'")
    if not _faults(head, single) and _share_in_quotes(head, single) >= _QUOTED:
        return single
    return _best(head, '"')


def _best(head: list[str], quote: str) -> _Dialect:
    """The delimiter that cuts most evenly into more than one cell, a comma when none does; and backslashes where rows are none without."""
    delimiter = max(DELIMITERS, key=lambda each: _evenness(head, _Dialect(each, quote)))
    usual, escaped = (_Dialect(delimiter, quote, escapes) for escapes in (False, True))
    may_escape = any(f"\\{quote}" in line for line in head)
    return escaped if may_escape and _faults(head, escaped) < _faults(head, usual) else usual


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
    """How many of the rows are none or have another number of cells than the first."""
    rows, faults, cells = dialect.rows(head, strict=True), 0, 0
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return faults
        except csv.Error as error:
            faults += str(error) != _GOES_ON
        else:
            cells = cells or len(row)
            faults += bool(row) and len(row) != cells


def _share_in_quotes(head: list[str], dialect: _Dialect) -> float:
    """Which part of the cells below the names stands in the dialect's quotes."""
    text = "".join(head)
    ends = rf"(?:^|{re.escape(dialect.delimiter)}){dialect.quote}", rf"{dialect.quote}(?=\r?$|{re.escape(dialect.delimiter)})"
    quoted = min(len(re.findall(pattern, text, re.MULTILINE)) for pattern in ends)
    cells = sum(len(row) for row in islice(dialect.rows(head, strict=False), 1, None))
    return quoted / cells if cells else 0.0


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
