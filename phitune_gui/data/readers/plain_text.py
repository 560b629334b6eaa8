"""Reads plain text: one document per block, blank lines between them."""

from dataclasses import replace
from typing import BinaryIO

from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.data.readers.data_row import MAX_ROW_BYTES, DataRow, ReadRow, Rows, too_long


def read_plain_text(stream: BinaryIO, file: str) -> Rows:
    """The blocks of the file as rows with one column, `text`; `line` is the block's first."""
    row, line, first_line, end = 0, 0, 1, 0
    block = bytearray()
    is_too_long = False
    while text := stream.readline(MAX_ROW_BYTES):
        is_blank = text.isspace()
        end += len(text)
        if is_blank and block:
            yield too_long(file, first_line) if is_too_long else text_row(bytes(block), DataRow(file, row, first_line, {}, end))
            row, is_too_long = row + 1, False
            block.clear()
        elif not is_blank:
            first_line = first_line if block else line + 1
            is_too_long = is_too_long or len(block) + len(text) > MAX_ROW_BYTES
            block += b"." if is_too_long else text
        line += text.endswith(b"\n")
    if block:
        yield too_long(file, first_line) if is_too_long else text_row(bytes(block), DataRow(file, row, first_line, {}, end))


def text_row(block: bytes, place: DataRow) -> ReadRow:
    """The row at `place` with `block` as its text; rejected when that is not UTF-8."""
    try:
        return replace(place, values={"text": block.decode("utf-8").replace("\r\n", "\n").strip("\n")})
    except UnicodeDecodeError:
        return RejectedRow(file=place.file, line=place.line, reason="The text is not valid UTF-8.", fix="Save the file again as UTF-8.")
