"""Rows are read with their true numbers and lines, whatever the container and the encoding, and bad ones are named."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers import json_array, open_rows
from phitune_gui.data.readers.data_row import MAX_ROW_BYTES, DataRow
from tests.data.conftest import WriteData


def read(path: Path) -> tuple[list[DataRow], list[RejectedRow]]:
    with open_rows(path) as file:
        items = list(file.rows)
    return [item for item in items if isinstance(item, DataRow)], [item for item in items if isinstance(item, RejectedRow)]


def encoding_of(path: Path) -> str:
    with open_rows(path) as file:
        list(file.rows)
        return file.encoding


def test_json_lines_count_rows_from_0_and_lines_from_1(write: WriteData) -> None:
    rows, rejected = read(write("a.jsonl", '{"a": 1}\n\n{"a": 2}\r\n{"a": 3}'))

    assert [(row.row, row.line, row.values) for row in rows] == [(0, 1, {"a": 1}), (1, 3, {"a": 2}), (2, 4, {"a": 3})]
    assert not rejected


def test_a_broken_line_is_named_and_the_rest_is_read(write: WriteData) -> None:
    lines = [f'{{"a": {number}}}' for number in range(1, 31)]
    lines[16] = '{"a": 17'

    rows, rejected = read(write("a.jsonl", "\n".join(lines) + "\n"))

    assert [each.line for each in rejected] == [17]
    assert "not valid JSON" in rejected[0].reason
    assert len(rows) == 29
    assert rows[16].row == 17


def test_a_last_line_that_is_cut_off_is_named_as_such(write: WriteData) -> None:
    _, rejected = read(write("a.jsonl", '{"a": 1}\n{"a": "the end is mis'))

    assert rejected[0].line == 2
    assert "cut off" in rejected[0].reason
    assert "incomplete" in rejected[0].fix


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": NaN}', "'NaN'"),
        (b'{"a": -Infinity}', "'-Infinity'"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"m": [{"a": 1, "a": 2}]}', "twice"),
        (b"[1, 2]", "not an object"),
        (b'"text"', "not an object"),
        (b'{"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", "deeper"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": "\\ud800"}', "not valid JSON"),
        (b'{"a": "' + b"x" * MAX_ROW_BYTES + b'"}', "longer than 8 MB"),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_a_hostile_row_is_rejected_with_the_reason(write: WriteData, name: str, line: bytes, reason: str) -> None:
    good = '{"ä": "ö"}'.encode()
    parts = [b"[", good, b",", line, b",", good, b"]"] if name == "a.json" else [good, line, good]

    rows, rejected = read(write(name, b"\n".join(parts)))

    assert [each.reason for each in rejected if reason in each.reason]
    assert len(rejected) == 1
    assert rejected[0].line == (4 if name == "a.json" else 2)
    assert [row.values for row in rows] == [{"ä": "ö"}] * 2
    assert [row.row for row in rows] == [0, 2]


def test_many_brackets_in_a_text_are_not_depth(write: WriteData) -> None:
    rows, _ = read(write("a.jsonl", '{"a": "' + "[{" * 500 + '"}\n'))

    assert rows[0].values == {"a": "[{" * 500}


def test_a_json_array_has_lines_too(write: WriteData) -> None:
    rows, rejected = read(write("a.json", '\n[\n  {"a": "x, ]}\\" y",\n   "b": [1, {"c": 2}]},\n\n  {"a": 2}, {"a": 3}\n]\n'))

    assert [(row.row, row.line) for row in rows] == [(0, 3), (1, 6), (2, 6)]
    assert rows[0].values == {"a": 'x, ]}" y', "b": [1, {"c": 2}]}
    assert not rejected


def test_a_json_array_goes_on_behind_a_broken_row(write: WriteData) -> None:
    rows, rejected = read(write("a.json", '[\n{"a": 1},\n{"a": "no end},\n{"a": 3},\n{"a" 4},\n5,\n{"a": 6}\n]'))

    assert rows[0].values["a"] == 1
    assert rows[-1].values["a"] == 6
    assert {3, 5, 6} <= {each.line for each in rejected}


@pytest.mark.parametrize("content", ['[{"a": 1}, {"a": 2', '[{"a": 1}, {"a": "x', '[{"a": 1},', '[{"a": 1}'])
def test_a_json_array_that_is_cut_off_is_named_as_such(write: WriteData, content: str) -> None:
    rows, rejected = read(write("a.json", content))

    assert rows[0].values == {"a": 1}
    assert "cut off" in rejected[-1].reason


@pytest.mark.parametrize("content", ['{"a": 1}\n{"a": 2}\n', '{\n "a": 1\n}\n{\n "a": 2\n}', '{"a": 1}{"a": 2}'])
def test_json_files_may_hold_objects_one_after_another(write: WriteData, content: str) -> None:
    rows, rejected = read(write("a.json", content))

    assert [row.values for row in rows] == [{"a": 1}, {"a": 2}]
    assert not rejected


def test_json_arrays_larger_than_a_chunk_are_read_whole(write: WriteData) -> None:
    texts = [f"{number} " + 'é"\\\n{[' * 9000 for number in range(40)]

    rows, rejected = read(write("a.json", json.dumps([{"t": text} for text in texts], indent=1, ensure_ascii=False)))

    assert [row.values["t"] for row in rows] == texts
    assert [row.line for row in rows] == [2 + 3 * number for number in range(40)]
    assert not rejected


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_chunks_may_end_anywhere(write: WriteData, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(json_array, "CHUNK_BYTES", chunk)
    content = ' \n[\n {"a": "x\\\\\\" ],}",\n "b": [{}]},\n\n{"a": "ö"},\n {"a": "no end},\n {"a": 4}\n]\n'

    rows, rejected = read(write("a.json", content))

    assert [(row.row, row.line, row.values) for row in rows] == [
        (0, 3, {"a": 'x\\" ],}', "b": [{}]}), (1, 6, {"a": "ö"}), (3, 8, {"a": 4}),
    ]  # fmt: skip
    assert [each.line for each in rejected] == [7]


def test_tables_keep_true_lines_behind_quoted_line_breaks(write: WriteData) -> None:
    rows, rejected = read(write("a.csv", 'question,answer\n"two\nlines","a, ""b"""\n\nlast,one\n'))

    assert [(row.row, row.line) for row in rows] == [(0, 2), (1, 5)]
    assert rows[0].values == {"question": "two\nlines", "answer": 'a, "b"'}
    assert not rejected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_delimiter_is_found(write: WriteData, delimiter: str, name: str) -> None:
    lines = ["question,answer", '"Sky, day; night?",Blue', '"A | b",c'] if delimiter == "," else ["question|answer", "Sky?|Blue", "a|b"]
    content = "\n".join(lines) if delimiter == "," else "\n".join(lines).replace("|", delimiter)

    rows, _ = read(write(name, content))

    assert list(rows[0].values) == ["question", "answer"]
    assert len(rows) == 2


@pytest.mark.parametrize("content", [
    'question;answer\n"Say ""yes, no"";\n\'now\'";3,5\n"\'tis";"x"\n',
    'question;answer\n"Say \\"yes, no\\";\n\'now\'";3,5\n"\'tis";"x"\n',
    "question;answer\n'Say \"yes, no\";\n''now''';'3,5'\n'''tis';'x'\n",
    "'question';'answer'\n'Say \"yes, no\";\n\\'now\\'';'3,5'\n'\\'tis';'x'\n",
])  # fmt: skip
def test_the_quotes_are_found(write: WriteData, content: str) -> None:
    rows, rejected = read(write("a.csv", content))

    assert [row.values for row in rows] == [
        {"question": "Say \"yes, no\";\n'now'", "answer": "3,5"}, {"question": "'tis", "answer": "x"},
    ]  # fmt: skip
    assert not rejected


@pytest.mark.parametrize("cell", [
    "INSERT INTO users VALUES (1,'ann','bob','eve');", "WHERE name IN ('a','b','c')", "{'k':'v','l':'w','m':'x'}",
    "INSERT INTO t VALUES\n'a',\n'b',\n'c'", "\\frac{1}{2} and C:\\new\\table0.txt", "'No,' he said; 'never.'",
])  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_quotes_and_backslashes_in_cells_are_text(write: WriteData, cell: str, delimiter: str) -> None:
    lines = [delimiter.join(("question", "answer"))] + [delimiter.join((f"Question {each}", f'"{cell}"')) for each in range(200)]
    rows, rejected = read(write("a.csv", "\n".join(lines) + "\n"))
    assert {row.values["answer"] for row in rows} == {cell}
    assert (len(rows), rejected) == (200, [])


def test_an_escaped_quote_leaves_other_backslashes_alone(write: WriteData) -> None:
    content = "question,answer\n" + '"\\frac{1}{2}","C:\\new\\table0.txt"\n' * 50 + '"He said \\"yes\\", twice","ends in \\\\"\n'
    rows, rejected = read(write("a.csv", content))
    assert rows[0].values == {"question": "\\frac{1}{2}", "answer": "C:\\new\\table0.txt"}
    assert rows[-1].values == {"question": 'He said "yes", twice', "answer": "ends in \\\\"}
    assert not rejected


def test_one_broken_row_changes_no_quotes(write: WriteData) -> None:
    good = '"the \'good\' one, he said","a"\n'
    rows, rejected = read(write("a.csv", "question,answer\n" + good * 30 + '"x"y,"b"\n' + good * 30))
    assert (len(rows), [each.line for each in rejected]) == (60, [32])
    assert rows[0].values["question"] == "the 'good' one, he said"


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("a,b\n1,2\n1,2,3\n", 3, "3 cells, but there are 2 columns"),
        ("a,b\n1\n", 2, "1 cells"),
        ('a,b\n1,2\n"open,2\n', 3, "not a proper table row"),
        ('a,b\n"x"y,2\n', 2, "not a proper table row"),
    ],
)
def test_a_bad_table_row_is_rejected_with_its_line(write: WriteData, content: str, line: int, reason: str) -> None:
    _, rejected = read(write("a.csv", content))

    assert [(each.line, reason in each.reason) for each in rejected] == [(line, True)]


def test_columns_with_the_same_name_are_refused(write: WriteData) -> None:
    with pytest.raises(CannotStart, match="Two columns are called 'a'"):
        read(write("a.csv", "a,b,a\n1,2,3\n"))


def test_long_cells_are_read(write: WriteData) -> None:
    rows, _ = read(write("a.csv", f"a,b\n{'x' * 1_000_000},2\n"))

    assert len(rows[0].values["a"]) == 1_000_000


def test_text_files_hold_one_document_per_block(write: WriteData) -> None:
    rows, _ = read(write("a.txt", "\n\nOne.\r\nStill one.\n  \n\nTwo.\n"))

    assert [(row.row, row.line, row.values["text"]) for row in rows] == [(0, 3, "One.\nStill one."), (1, 7, "Two.")]


def test_parquet_rows_have_no_lines(tmp_path: Path) -> None:
    table = pyarrow.table({"question": ["a", "b"], "answer": ["c", None], "messages": [[{"role": "user"}], []]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")

    rows, _ = read(tmp_path / "a.parquet")

    assert [(row.row, row.line) for row in rows] == [(0, 0), (1, 0)]
    assert rows[1].values == {"question": "b", "answer": None, "messages": []}
    assert encoding_of(tmp_path / "a.parquet") == "Parquet"


@pytest.mark.parametrize("content", [b"PAR1", b"no parquet at all", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_damaged_parquet_is_refused(write: WriteData, content: bytes) -> None:
    with pytest.raises(CannotStart, match="damaged or incomplete"):
        read(write("a.parquet", content))


@pytest.mark.parametrize(
    ("codec", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with BOM"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16 without BOM (LE)"),
        ("utf-16-be", "UTF-16 without BOM (BE)"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.txt"])
def test_encodings_are_found_and_said(write: WriteData, codec: str, named: str, name: str) -> None:
    text = "Größe und Übung, fünf Äpfel, ein schönes Café"
    content = f'question,answer\n"{text}",x\n' if name == "a.csv" else f'{{"question": "{text}", "answer": "x"}}\n'

    path = write(name, content.encode(codec))

    rows, rejected = read(path)
    assert encoding_of(path) == named
    assert text in str(rows[0].values)
    assert not rejected


def test_one_damaged_line_does_not_make_it_another_encoding(write: WriteData) -> None:
    lines = [f'{{"a": "Größe {number}"}}'.encode() for number in range(20)]
    lines[7] = b'{"a": "Gr\xf6\xdfe"}'

    rows, rejected = read(write("a.jsonl", b"\n".join(lines)))

    assert rows[0].values == {"a": "Größe 0"}
    assert [(each.line, "UTF-8" in each.reason) for each in rejected] == [(8, True)]


@pytest.mark.parametrize(("codec", "text", "named"), [
    ("cp1251", "Привет, как дела? Это длинный вопрос о погоде.", "Windows-1251"),
    ("gb18030", "中国的首都是哪里？北京。这是一个问题", "GB 18030"),
])  # fmt: skip
def test_other_scripts_are_guessed(write: WriteData, codec: str, text: str, named: str) -> None:
    path = write("a.txt", text.encode(codec))

    assert encoding_of(path) == named
    assert read(path)[0][0].values == {"text": text}


def test_files_that_cannot_be_read_are_refused_in_one_sentence(tmp_path: Path, write: WriteData) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    cases = [
        (tmp_path / "folder.jsonl", "is a folder"),
        (tmp_path / "nothing.jsonl", "There is no file"),
        (write("a.docx", "x"), "cannot read '.docx' files"),
        (write("noending", "x"), "without an ending"),
        (write("a.csv", ""), "is empty"),
        (Path("a\0b.jsonl"), "not the name of a file|There is no file"),
        (tmp_path / ("x" * 300 + ".jsonl"), "cannot be read|There is no file"),
    ]
    for path, sentence in cases:
        with pytest.raises(CannotStart, match=sentence) as refused:
            read(path)
        assert refused.value.problem.how_to_fix


def test_a_million_columns_are_refused_at_once(write: WriteData) -> None:
    with pytest.raises(CannotStart, match="1,000,000 columns"):
        read(write("a.csv", ",".join(f"c{number}" for number in range(1_000_000)) + "\n1\n"))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_a_row_of_too_many_keys_is_rejected(write: WriteData, name: str) -> None:
    wide = ",".join(f'"c{number}": 1' for number in range(400_000))

    rows, rejected = read(write(name, f'{{{wide}}}\n{{"a": 1}}\n'))

    assert [(each.line, "400,000 keys" in each.reason) for each in rejected] == [(1, True)]
    assert len(rows) == 1


def test_a_key_that_stands_twice_among_many_is_found_at_once(write: WriteData) -> None:
    many = ",".join(f'"c{number}": 1' for number in range(9_000))
    _, rejected = read(write("a.jsonl", f'{{"m": [{{{many}, "c8999": 2}}]}}\n'))

    assert "c8999" in rejected[0].reason
