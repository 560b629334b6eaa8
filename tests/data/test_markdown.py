"""Markdown is read section by section, with the line of each heading."""

import pytest

from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.data.readers import open_rows
from phitune_gui.data.readers.data_row import MAX_ROW_BYTES, DataRow, ReadRow
from tests.data.conftest import WriteData


def read(write: WriteData, content: str | bytes) -> list[ReadRow]:
    with open_rows(write("a.md", content)) as file:
        return list(file.rows)


def seen(write: WriteData, content: str) -> list[tuple[int, int, str]]:
    return [(row.row, row.line, row.values["text"]) for row in read(write, content) if isinstance(row, DataRow)]


def test_every_section_is_a_document_with_the_line_of_its_heading(write: WriteData) -> None:
    content = "\nBefore.\n\nStill before.\n\n# Title\n\n## Part one\r\n\nText.\r\n\nMore.\n\n## Part two\nEnd.\n"

    assert seen(write, content) == [
        (0, 2, "Before.\n\nStill before."),
        (1, 6, "# Title\n\n## Part one\n\nText.\n\nMore."),
        (2, 14, "## Part two\nEnd."),
    ]


@pytest.mark.parametrize("fence", ["```", "~~~~"])
def test_a_hash_inside_fenced_code_is_no_heading(write: WriteData, fence: str) -> None:
    content = f"# One\n{fence}python\n# a comment\n\n# another\n{fence}\n#hashtag\n# Two\nx\n"

    assert [(line, text.splitlines()[0]) for _, line, text in seen(write, content)] == [(1, "# One"), (8, "# Two")]


def test_a_fence_is_closed_by_its_own_kind_only(write: WriteData) -> None:
    assert [line for _, line, _ in seen(write, "# A\n````\n```\n~~~\n# no\n````\n# B\nb\n")] == [1, 7]


def test_a_section_that_is_too_long_or_not_utf8_is_rejected_and_the_rest_is_read(write: WriteData) -> None:
    rows = read(write, "# Ä\nä\n# A\n".encode() + b"x" * (MAX_ROW_BYTES + 5) + b"\n# B\nb\xff\n# C\nc \xc3\xa4\nd \xc3\xa4\n")

    assert [(row.line, isinstance(row, RejectedRow)) for row in rows] == [(1, False), (3, True), (5, True), (7, False)]
