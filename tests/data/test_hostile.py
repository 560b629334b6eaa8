"""Whatever a file holds, reading it ends in rows, rejected rows or one sentence, and every row is one of the two."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers import open_rows
from phitune_gui.data.readers.data_row import DataRow, ReadRow
from tests.data.conftest import SectionOf
from tests.helpers.all_rows import load_rows

TEXT_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".txt", ".md")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12,
)  # fmt: skip
many = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path) -> list[ReadRow] | CannotStart:
    try:
        with open_rows(path) as file:
            return list(file.rows)
    except CannotStart as refused:
        return refused


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".txt", ".md"])
def test_a_long_line_that_ends_within_a_letter_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"1" * 70_000 + b"\xc2")
    assert read(path)


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
@many
@given(content=st.binary(min_size=1, max_size=300) | st.text('{}[]",:\\\n\r\t #;|`a1é', min_size=1).map(str.encode))
def test_any_bytes_are_numbered_rows_or_a_sentence(tmp_path: Path, section: SectionOf, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)

    rows = read(path)

    if isinstance(rows, CannotStart):
        assert rows.problem.what.endswith(".")
        assert rows.problem.how_to_fix
        return
    assert [row.row for row in rows if isinstance(row, DataRow)] == [at for at, row in enumerate(rows) if isinstance(row, DataRow)]
    assert all(row.line >= 1 and (isinstance(row, DataRow) or (row.reason and row.fix)) for row in rows)
    try:
        loaded = load_rows([path], section(path))
    except CannotStart:
        return
    assert loaded.rows == len(loaded.conversations) + loaded.rejected_count


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
@many
@given(values=st.lists(ANYTHING, min_size=1, max_size=8))
def test_any_json_values_are_rows_where_they_are_objects(tmp_path: Path, suffix: str, values: list[object]) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("\n".join(map(json.dumps, values)) if suffix == ".jsonl" else json.dumps(values), "utf-8")

    rows = read(path)

    assert not isinstance(rows, CannotStart)
    assert len(rows) == len(values)
    for row, value in zip(rows, values, strict=True):
        assert row.values == value if isinstance(row, DataRow) else not isinstance(value, dict)


@many
@given(
    cells=st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=2), min_size=1, max_size=8)
)
def test_any_cells_come_back_from_a_proper_table(tmp_path: Path, cells: list[list[str]]) -> None:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [["question", "answer"], *cells]]
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(quoted).encode())

    rows = read(path)

    assert not isinstance(rows, CannotStart)
    assert [list(row.values.values()) for row in rows if isinstance(row, DataRow)] == cells
    assert not any(isinstance(row, RejectedRow) for row in rows)
