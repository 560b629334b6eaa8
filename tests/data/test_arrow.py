"""Parquet and Arrow files give the same rows; large, odd and damaged ones end in rows and sentences, never in a crash."""

import datetime
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers import open_rows
from phitune_gui.data.readers.data_row import MAX_COLUMNS, MAX_ROW_BYTES, DataRow, ReadRow
from tests.data.conftest import SectionOf
from tests.helpers.all_rows import load_rows

Save = Callable[[pyarrow.Table, Path], None]


def save_parquet(table: pyarrow.Table, path: Path) -> None:
    pyarrow.parquet.write_table(table, path, row_group_size=100)


def save_feather(table: pyarrow.Table, path: Path) -> None:
    pyarrow.feather.write_feather(table, path, chunksize=100)


def save_stream(table: pyarrow.Table, path: Path) -> None:
    with pyarrow.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table, max_chunksize=100)


SAVES = [
    pytest.param(save_parquet, ".parquet", id="parquet"),
    pytest.param(save_feather, ".feather", id="feather"),
    pytest.param(save_feather, ".arrow", id="arrow file"),
    pytest.param(save_stream, ".arrow", id="arrow stream"),
]


def read(path: Path) -> list[ReadRow]:
    with open_rows(path) as file:
        return list(file.rows)


@pytest.mark.parametrize(("save", "suffix"), SAVES)
def test_rows_are_counted_and_have_no_lines(tmp_path: Path, save: Save, suffix: str) -> None:
    values = [{"question": f"{number}?", "messages": [{"role": "user", "n": number}], "answer": None} for number in range(1030)]
    save(pyarrow.Table.from_pylist(values), tmp_path / f"a{suffix}")

    rows = read(tmp_path / f"a{suffix}")

    assert [(row.row, row.line, row.values) for row in rows if isinstance(row, DataRow)] == [
        (at, 0, each) for at, each in enumerate(values)
    ]


@pytest.mark.parametrize(("save", "suffix"), SAVES)
def test_the_share_that_was_read_is_told(tmp_path: Path, section: SectionOf, save: Save, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    save(pyarrow.table({"instruction": [f"{number} {'x' * 50}" for number in range(5000)], "output": ["y" * 50] * 5000}), path)

    loaded = load_rows([path], section(path), 1000)

    assert loaded.share == pytest.approx(0.2, rel=0.05)
    assert load_rows([path], section(path)).rows == 5000


@pytest.mark.parametrize(("save", "suffix"), SAVES)
def test_a_row_that_is_too_long_is_rejected_and_the_rest_is_read(tmp_path: Path, save: Save, suffix: str) -> None:
    save(pyarrow.table({"a": ["x", "x" * (MAX_ROW_BYTES + 1), "z"]}), tmp_path / f"a{suffix}")

    first, second, third = read(tmp_path / f"a{suffix}")

    assert isinstance(first, DataRow)
    assert isinstance(second, RejectedRow)
    assert second.reason == "Row 1 (counted from 0): The row is longer than 8 MB."
    assert isinstance(third, DataRow)
    assert third.row == 2


@pytest.mark.parametrize(("save", "suffix"), SAVES)
def test_a_value_that_python_cannot_hold_rejects_its_row_only(tmp_path: Path, save: Save, suffix: str) -> None:
    save(pyarrow.table({"t": pyarrow.array([0, 2**62, 0], pyarrow.timestamp("us"))}), tmp_path / f"a{suffix}")

    first, second, _ = read(tmp_path / f"a{suffix}")

    assert isinstance(first, DataRow)
    assert first.values == {"t": datetime.datetime(1970, 1, 1)}
    assert isinstance(second, RejectedRow)
    assert "A value in it cannot be read" in second.reason


@pytest.mark.parametrize(("save", "suffix"), SAVES)
def test_tables_with_too_many_or_equal_columns_are_refused(tmp_path: Path, save: Save, suffix: str) -> None:
    save(pyarrow.table({f"c{number}": [1] for number in range(MAX_COLUMNS + 1)}), tmp_path / f"wide{suffix}")
    with pytest.raises(CannotStart, match="10,001 columns"):
        read(tmp_path / f"wide{suffix}")
    if save is not save_feather:  # it writes none with equal names
        save(pyarrow.table([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"]), tmp_path / f"double{suffix}")
        with pytest.raises(CannotStart, match="Two columns are called 'a'"):
            read(tmp_path / f"double{suffix}")


@pytest.mark.parametrize(
    "content", [b"ARROW1", b"no arrow at all", b"ARROW1" + b"\0" * 100 + b"ARROW1", b"\xff\xff\xff\xff\xff\xff\xff\x7f"]
)
def test_damaged_arrow_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.arrow").write_bytes(content)

    with pytest.raises(CannotStart, match="damaged"):
        read(tmp_path / "a.arrow")


def test_the_first_feather_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.feather").write_bytes(b"FEA1" + b"\0" * 40 + b"FEA1")

    with pytest.raises(CannotStart, match="Feather file of the first version"):
        read(tmp_path / "a.feather")


def _whole(save: Save, folder: Path) -> bytes:
    rows = [{"q": f"frage {number}", "m": [{"role": "user", "content": "x" * number}], "n": number} for number in range(150)]
    save(pyarrow.Table.from_pylist(rows), folder / "whole")
    return (folder / "whole").read_bytes()


@pytest.mark.parametrize(("save", "suffix"), SAVES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=5), kept=st.floats(0.01, 1))
def test_any_damage_ends_in_rows_or_a_sentence(
    tmp_path: Path, save: Save, suffix: str, damage: list[tuple[float, int]], kept: float
) -> None:
    broken = bytearray(_whole(save, tmp_path))
    for at, byte in damage:
        broken[int(at * len(broken))] = byte
    (tmp_path / f"a{suffix}").write_bytes(broken[: max(1, int(kept * len(broken)))])

    try:
        rows = read(tmp_path / f"a{suffix}")
    except CannotStart:
        return
    assert all(isinstance(row, DataRow | RejectedRow) for row in rows)


def test_a_packed_stream_is_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with pyarrow.ipc.new_stream(out, pyarrow.schema({"a": pyarrow.int64()})) as stream:
        stream.write_table(pyarrow.table({"a": [1, 2]}))
    (tmp_path / "a.arrow.zst").write_bytes(pyarrow.compress(out.getvalue(), codec="zstd", asbytes=True))

    assert [row.values for row in read(tmp_path / "a.arrow.zst") if isinstance(row, DataRow)] == [{"a": 1}, {"a": 2}]
