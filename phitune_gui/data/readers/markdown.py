"""Reads Markdown: one document per section, from a heading to the next one that text stands between."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from phitune_gui.data.readers.data_row import MAX_ROW_BYTES, DataRow, ReadRow, Rows, too_long
from phitune_gui.data.readers.plain_text import text_row

_HEADING = re.compile(rb" {0,3}#{1,6}(?:[ \t\r\n]|$)")
_FENCE = re.compile(rb" {0,3}(```+|~~~+)")


def read_markdown(stream: BinaryIO, file: str) -> Rows:
    """The sections of the file as rows with one column, `text`; `line` is the heading's. A `#` inside fenced code is no heading."""
    for row, section in enumerate(_sections(stream)):
        yield section.row(file, row)


@dataclass(slots=True)
class _Section:
    """The lines since a heading; those of a section that is too long are only counted."""

    line: int
    end: int = 0
    text: bytearray = field(default_factory=bytearray)
    has_body: bool = False
    is_too_long: bool = False

    def add(self, text: bytes, is_heading: bool, end: int) -> None:
        self.end = end
        self.has_body = self.has_body or not is_heading
        self.is_too_long = self.is_too_long or len(self.text) + len(text) > MAX_ROW_BYTES
        if not self.is_too_long:
            self.text += text

    def row(self, file: str, row: int) -> ReadRow:
        """The section as a row."""
        if self.is_too_long:
            return too_long(file, self.line)
        return text_row(bytes(self.text).rstrip(), DataRow(file, row, self.line, {}, self.end))


def _sections(stream: BinaryIO) -> Iterator[_Section]:
    line, end, fence = 1, 0, b""
    begins_line = True
    section: _Section | None = None
    while text := stream.readline(MAX_ROW_BYTES):
        end += len(text)
        fence = _fence_after(text, fence) if begins_line else fence
        is_heading = begins_line and not fence and _HEADING.match(text) is not None
        if section is not None and is_heading and section.has_body:
            yield section
            section = None
        if section is not None or not text.isspace():
            section = section or _Section(line)
            section.add(text, is_heading or text.isspace(), end)
        begins_line = text.endswith(b"\n")
        line += begins_line
    if section is not None:
        yield section


def _fence_after(text: bytes, fence: bytes) -> bytes:
    """The fence that is open behind this line: as many signs or more of the same kind close it."""
    found = _FENCE.match(text)
    if found is None:
        return fence
    if not fence:
        return found.group(1)
    return b"" if found.group(1).startswith(fence) and not text[found.end() :].strip() else fence
