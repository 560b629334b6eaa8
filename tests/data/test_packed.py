"""Packed files are read like unpacked ones, row for row; damaged ones, cut off ones and bombs are refused in a sentence."""

import gzip
import io
import random
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers import open_rows, packed
from phitune_gui.data.readers.data_row import DataRow, ReadRow
from tests.data.conftest import SectionOf, WriteData
from tests.helpers.all_rows import load_rows

ROWS = "".join(f'{{"instruction": "Größe {number}?", "output": "{number * 7919 % 1000003}"}}\n' for number in range(3000))
Pack = Callable[[bytes], bytes]


def zstd(content: bytes) -> bytes:
    packed_content: bytes = pyarrow.compress(content, codec="zstd", asbytes=True)
    return packed_content


def seen(rows: Iterator[ReadRow]) -> list[object]:
    """The rows without the name of their file."""
    return [
        (item.row, item.line, item.values, item.end) if isinstance(item, DataRow) else item.model_copy(update={"file": ""}) for item in rows
    ]


def read(path: Path) -> list[ReadRow]:
    with open_rows(path) as file:
        return list(file.rows)


PACKS = [pytest.param(gzip.compress, ".gz", "gzip", id="gzip"), pytest.param(zstd, ".zst", "zstd", id="zstd")]


@pytest.mark.parametrize(("pack", "suffix", "named"), PACKS)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt"])
def test_every_text_container_reads_the_same_when_packed(
    write: WriteData, pack: Pack, suffix: str, named: str, codec: str, name: str
) -> None:
    content = ROWS.encode(codec)
    plain, packed_file = write(name, content), write(name + suffix, pack(content))

    with open_rows(plain) as one, open_rows(packed_file) as other:
        expected, found = seen(one.rows), seen(other.rows)

    assert found == expected
    assert len(found) > 0
    assert other.encoding == f"{one.encoding} ({named})"


@pytest.mark.parametrize(("pack", "suffix", "named"), PACKS)
def test_several_packed_one_behind_another_are_one(write: WriteData, pack: Pack, suffix: str, named: str) -> None:
    rows = read(write("a.jsonl" + suffix, pack(b'{"a": 1}\n{"a"') + pack(b": 2}\n")))

    assert [row.values for row in rows if isinstance(row, DataRow)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(("pack", "suffix", "named"), PACKS)
def test_a_packed_parquet_file_is_read(write: WriteData, pack: Pack, suffix: str, named: str) -> None:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2, 3]}), out)

    rows = read(write("a.parquet" + suffix, pack(out.getvalue())))

    assert [row.values for row in rows if isinstance(row, DataRow)] == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_a_packed_parquet_file_does_not_fill_the_disk(write: WriteData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "SPARED_BYTES", 1 << 60)

    with pytest.raises(CannotStart, match="no room to unpack"):
        read(write("a.parquet.gz", gzip.compress(b"PAR1")))


def test_what_a_file_holds_counts_and_not_what_its_name_says(write: WriteData) -> None:
    named_packed, packed_unnamed = write("a.jsonl.gz", b'{"a": 1}\n'), write("b.jsonl", gzip.compress(b'{"a": 1}\n'))

    for path in (named_packed, packed_unnamed):
        assert [row.values for row in read(path) if isinstance(row, DataRow)] == [{"a": 1}]


@pytest.mark.parametrize(("pack", "suffix", "named"), PACKS)
def test_a_file_that_is_cut_off_is_refused(write: WriteData, pack: Pack, suffix: str, named: str) -> None:
    whole = pack(ROWS.encode())

    for kept in (12, len(whole) // 2, len(whole) - 1):
        with pytest.raises(CannotStart, match=r"is cut off|is damaged"):
            read(write("a.jsonl" + suffix, whole[:kept]))


@pytest.mark.parametrize(
    ("pack", "suffix"),
    [
        pytest.param(gzip.compress, ".gz", id="gzip"),
        pytest.param(zstandard.ZstdCompressor(write_checksum=True).compress, ".zst", id="zstd"),
    ],
)  # without a checksum, which pyarrow does not write, a damaged line end goes unseen and two rows become one
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), tail=st.binary(max_size=20))
def test_any_damage_ends_in_rows_or_a_sentence(tmp_path: Path, pack: Pack, suffix: str, at: float, byte: int, tail: bytes) -> None:
    broken = bytearray(pack(ROWS.encode()))
    broken[int(at * len(broken))] = byte
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(bytes(broken) + tail)

    refused = None
    try:
        rows = read(path)
    except CannotStart as caught:
        refused = caught.problem

    assert (refused.what.endswith(".") and bool(refused.how_to_fix)) if refused is not None else len(rows) >= len(ROWS.splitlines())


def test_a_bomb_is_refused_with_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(b"\0" * (1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(CannotStart, match="unpacks to more than 200 times its size"):
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 64 << 20


@pytest.mark.parametrize("measured", [1 << 24, 1 << 20])
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_the_share_that_was_read_is_told_for_packed_files_too(
    write: WriteData, section: SectionOf, monkeypatch: pytest.MonkeyPatch, suffix: str, measured: int
) -> None:
    monkeypatch.setattr(packed, "MEASURED_BYTES", measured)
    pack: dict[str, Pack] = {"": bytes, ".gz": gzip.compress, ".zst": zstd}
    chance = random.Random(1)
    lines = [f'{{"instruction": "{chance.getrandbits(400):x}", "output": "{chance.getrandbits(400):x}"}}\n' for _ in range(15_000)]
    path = write("a.jsonl" + suffix, pack[suffix]("".join(lines).encode()))

    loaded = load_rows([path], section(path), 3000)

    assert loaded.rows == 3000
    assert loaded.share == pytest.approx(0.2, rel=0.01 if measured == 1 << 24 else 0.15)


def test_the_first_rows_need_only_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"

    def pieces() -> Iterator[bytes]:
        for number in range(1500):
            yield (f'{{"a": "{number}"}}\n' * 1000).encode()

    with gzip.open(path, "wb", compresslevel=1) as file:
        file.writelines(pieces())
    path.write_bytes(path.read_bytes()[:-10])

    with open_rows(path) as opened:
        first = list(islice(opened.rows, 1000))

    assert len(first) == 1000
