"""Reads JSON Lines: one object per line, blank lines between them allowed."""

from typing import BinaryIO

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.data.readers.data_row import MAX_ROW_BYTES, DataRow, ReadRow, Rows, too_long
from phitune_gui.data.readers.strict_json import parse_object


def read_json_lines(stream: BinaryIO, file: str) -> Rows:
    """The rows of the file; a broken line is a rejected row with its number, a last line that ends too early is named as such."""
    row = line = end = 0
    while text := stream.readline(MAX_ROW_BYTES + 1):
        line += 1
        end += len(text)
        if len(text) > MAX_ROW_BYTES:
            _skip_line(stream, text)
            yield too_long(file, line)
        elif text.isspace():
            continue
        else:
            yield _row(text, file, row, line, end)
        row += 1


def _row(text: bytes, file: str, row: int, line: int, end: int) -> ReadRow:
    try:
        return DataRow(file, row, line, parse_object(text), end)
    except BadRow as bad:
        if not text.endswith(b"\n") and _ends_too_early(text):
            return RejectedRow(
                file=file, line=line, reason="The last line is cut off: the file ends in the middle of a row.",
                fix="Copy or download the file again; it is incomplete.",
            )  # fmt: skip
        return RejectedRow(file=file, line=line, reason=str(bad), fix=bad.fix)


def _ends_too_early(text: bytes) -> bool:
    return text.lstrip().startswith(b"{") and not text.rstrip().endswith(b"}")


def _skip_line(stream: BinaryIO, text: bytes) -> None:
    while text and not text.endswith(b"\n"):
        text = stream.readline(MAX_ROW_BYTES)
