"""The format is found with a reason, may be overruled, and where none fits the columns found and wanted are named."""

import csv
import json
from pathlib import Path

import pytest

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.rows import LISTED_REJECTED, conversation_at
from tests.catalog.test_formats import SAMPLES
from tests.data.conftest import SectionOf, WriteData
from tests.helpers.all_rows import load_rows


def test_certainty_and_reason_are_said(write: WriteData, section: SectionOf) -> None:
    lines = ['{"question": "a", "answer": "b"}'] * 9 + ['{"other": 1}']
    path = write("a.jsonl", "\n".join(lines))

    dataset = load_rows([path], section(path))

    assert dataset.detection.format.id == "question_answer"
    assert dataset.detection.certainty == pytest.approx(0.9)
    assert dataset.detection.reason == "9 of the 10 rows looked at have question, answer."
    assert [(each.line, each.reason) for each in dataset.rejected] == [(10, "The key 'question' is missing.")]


LLAVA = {"image": "a.jpg", "conversations": [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "A cat."}]}
PICTURES = [
    LLAVA,
    {"messages": [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.jpg"}}, {"type": "text", "text": "What is it?"}]},
        {"role": "assistant", "content": "A cat."},
    ]},
    {"images": [{"bytes": "", "path": "a.jpg"}], "question": "What is it?", "answer": "A cat."},
    {"Image_URL": "a.jpg", "text": "A cat."},
]  # fmt: skip


@pytest.mark.parametrize("row", PICTURES)
def test_rows_with_pictures_are_refused_in_words(write: WriteData, section: SectionOf, row: dict[str, object]) -> None:
    path = write("a.jsonl", (json.dumps(row) + "\n") * 3)

    with pytest.raises(CannotStart, match=r"3 of the 3 rows looked at have pictures, and .* read only text") as refused:
        load_rows([path], section(path))

    assert "choose the format yourself" in refused.value.problem.how_to_fix


def test_a_few_pictures_among_texts_are_rejected_with_their_line_unless_the_format_is_chosen(write: WriteData, section: SectionOf) -> None:
    text = {**LLAVA, "image": None}
    path = write("a.jsonl", "".join(json.dumps(row) + "\n" for row in (text, text, LLAVA)))

    found, chosen = load_rows([path], section(path)), load_rows([path], section(path, format="sharegpt"))

    assert [(each.line, "has a picture" in each.reason) for each in found.rejected] == [(3, True)]
    assert (len(found.conversations), len(chosen.conversations)) == (2, 3)


@pytest.mark.parametrize("id", list(SAMPLES))
def test_each_format_is_found_in_a_file_and_a_row_of_another_kind_is_refused_with_its_line(
    write: WriteData, section: SectionOf, id: str
) -> None:
    rows = [row for row, _ in SAMPLES[id]]
    path = write("a.jsonl", "".join(json.dumps(row) + "\n" for row in (*rows, {"other": 1})))

    dataset = load_rows([path], section(path))

    assert (dataset.detection.format.id, len(dataset.conversations), dataset.rows) == (id, len(rows), len(rows) + 1)
    assert [(each.line, "is missing" in each.reason) for each in dataset.rejected] == [(len(rows) + 1, True)]
    assert dataset.detection.certainty == pytest.approx(len(rows) / (len(rows) + 1))
    assert dataset.detection.reason.startswith(f"{len(rows)} of the {len(rows) + 1} rows looked at have ")
    chosen = load_rows([path], section(path, format=id))
    assert chosen.detection.certainty == 1.0
    assert chosen.conversations == dataset.conversations


def test_a_format_that_is_chosen_overrules(write: WriteData, section: SectionOf) -> None:
    path = write("a.jsonl", '{"text": "a", "label": "b"}\n' * 3)

    assert load_rows([path], section(path)).detection.format.id == "classification"
    assert load_rows([path], section(path, format="plain_text")).detection.format.id == "plain_text"


def test_mapped_columns_tell_the_format(write: WriteData, section: SectionOf) -> None:
    path = write("a.csv", "Frage,Antwort\nSky?,Blue\n")

    dataset = load_rows([path], section(path, columns={"question": "Frage", "answer": "antwort"}))

    assert dataset.detection.format.id == "question_answer"
    assert dataset.conversations[0].messages[1].content == "Blue"


def test_an_unknown_table_names_columns_and_the_way_out(write: WriteData, section: SectionOf) -> None:
    path = write("a.csv", "Frage,Antwort,Question\nSky?,Blue,x\n")

    with pytest.raises(CannotStart) as refused:
        load_rows([path], section(path))

    problem = refused.value.problem
    assert problem.where == str(path)
    assert "Frage, Antwort, Question" in problem.what
    assert "question, answer" in problem.what
    assert "--map question=Question --map answer=ColumnName" in problem.on_command_line
    assert "--format template --map 'user={Frage}' --map 'assistant={Question}'" in problem.on_command_line
    assert "Your own template" in problem.how_to_fix
    assert "--map" not in problem.what + problem.how_to_fix
    assert problem.columns == ("Frage", "Antwort", "Question")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"format": "nonsense"}, "no dataset format 'nonsense'"),
        ({"columns": {"nonsense": "Frage"}}, "no role 'nonsense'"),
        ({"columns": {"question": "Fragen"}}, "no column 'Fragen'. The file has: Frage, Antwort"),
        ({"columns": {"question": "Frage"}}, "does not recognise"),
        ({"format": "alpaca"}, "does not recognise"),
        ({"format": "template"}, "has no text for user and assistant. The columns are: Frage, Antwort"),
        ({"columns": {"user": "{Frage}"}}, "has no text for assistant"),
        (
            {"format": "template", "columns": {"user": "{Fragen}", "assistant": "{Antwort}"}},
            "no column 'Fragen'. The file has: Frage, Antwort",
        ),
        ({"format": "template", "columns": {"user": "{Frage", "assistant": "{Antwort}"}}, "a { that no } closes"),
        ({"format": "template", "columns": {"user": "frage", "assistant": "{Antwort}"}}, "put in only where it stands in braces"),
        ({"format": "template", "columns": {"user": "{Frage}", "assistant": "Antwort"}}, "every row would teach the same"),
        ({"format": "template", "columns": {"question": "Frage"}}, "no role 'question'"),
        ({"columns": {"user": "{Frage}", "assistant": "{Antwort}", "question": "Frage"}}, "does not recognise"),
    ],
)
def test_what_cannot_be_is_said(write: WriteData, section: SectionOf, fields: dict[str, object], sentence: str) -> None:
    path = write("a.csv", "Frage,Antwort\nSky?,Blue\n")

    with pytest.raises(CannotStart, match=sentence):
        load_rows([path], section(path, **fields))


@pytest.mark.parametrize("format", ["template", "auto"])
def test_columns_are_put_into_templates_that_are_said(write: WriteData, section: SectionOf, format: str) -> None:
    path = write("a.csv", "language,text,translation\nGerman,sky,Himmel\nFrench,,Rien\nGerman,sea,\n")
    columns = {"system": "Only {language}.", "user": "To {Language}: {text}", "assistant": "{translation}"}

    dataset = load_rows([path], section(path, format=format, columns=columns))

    assert (dataset.detection.format.id, dataset.detection.certainty, dataset.detection.is_said) == ("template", 1.0, True)
    assert "3 of the 3 rows looked at have Language, text, translation." in dataset.detection.reason
    assert [[turn.content for turn in each.messages] for each in dataset.conversations] == [
        ["Only German.", "To German: sky", "Himmel"], ["Only French.", "To French: ", "Rien"],
    ]  # fmt: skip
    assert [(each.line, each.reason) for each in dataset.rejected] == [(4, "The assistant is empty.")]


@pytest.mark.parametrize(
    ("name", "content"), [("a.jsonl", "\n \n"), ("a.json", "[]"), ("a.json", "  "), ("a.csv", "a,b\n"), ("a.txt", "\n")]
)
def test_files_without_rows_are_refused(write: WriteData, section: SectionOf, name: str, content: str) -> None:
    path = write(name, content)

    with pytest.raises(CannotStart, match="There are no rows"):
        load_rows([path], section(path))


def test_a_file_of_broken_rows_names_the_first(write: WriteData, section: SectionOf) -> None:
    path = write("a.jsonl", "\nnonsense\n{]\n")

    with pytest.raises(CannotStart, match="None of the first 2 rows") as refused:
        load_rows([path], section(path))

    assert refused.value.problem.where == f"{path}:2"


def test_several_files_are_read_in_order_and_each_in_its_own_format(write: WriteData, section: SectionOf) -> None:
    first = write("a.jsonl", '{"question": "a", "answer": "b"}\nbroken\n')
    second = write("b.csv", "instruction,output\nc,d\n")

    dataset = load_rows([first, second], section(first, second))

    assert [(each.file, each.row, each.line) for each in dataset.conversations] == [(str(first), 0, 1), (str(second), 0, 2)]
    assert dataset.rows == 3
    assert "b.csv is read as: Instructions (Alpaca)." in dataset.notes[0]
    assert conversation_at([first, second], section(first, second), 2) == dataset.conversations[1]
    assert conversation_at([first, second], section(first, second), 1) == dataset.rejected[0]
    with pytest.raises(CannotStart, match="no row 3: the data has 3 rows"):
        conversation_at([first, second], section(first, second), 3)


def test_rejected_rows_are_counted_and_the_first_are_listed(write: WriteData, section: SectionOf) -> None:
    path = write("a.jsonl", '{"question": "a", "answer": "b"}\n' * 200 + "broken\n" * 250)

    dataset = load_rows([path], section(path))

    assert dataset.rejected_count == 250
    assert len(dataset.rejected) == LISTED_REJECTED


def test_a_sample_knows_its_share(write: WriteData, section: SectionOf) -> None:
    rows = [{"question": f"number {number:05}", "answer": "yes"} for number in range(3000)]
    for name, content in (("a.jsonl", "\n".join(map(json.dumps, rows))), ("a.json", json.dumps(rows, indent=1))):
        path = write(name, content)

        dataset = load_rows([path], section(path), max_rows=300)

        assert dataset.rows == 300
        assert dataset.share == pytest.approx(0.1, rel=0.02)
        assert load_rows([path], section(path), max_rows=3000).share == 1.0


REAL = [
    ("alpaca_en_demo.json", "alpaca", 999),
    ("identity.json", "alpaca", 91),
    ("glaive_toolcall_en_demo.json", "sharegpt", 300),
    ("dpo_en_demo.json", "preference", 300),
    ("alpaca_zh_demo.json", "alpaca", 1000),
    ("c4_demo.jsonl", "plain_text", 300),
]


@pytest.mark.parametrize(("name", "format", "rows"), REAL)
def test_real_files_are_recognised(test_data: Path, section: SectionOf, name: str, format: str, rows: int) -> None:
    path = test_data / "datasets" / name

    dataset = load_rows([path], section(path))

    assert (dataset.detection.format.id, dataset.detection.certainty, dataset.rows) == (format, 1.0, rows)
    assert dataset.rejected_count == 0


def test_a_real_table_with_wrong_answers_is_multiple_choice_unless_columns_are_said(test_data: Path, section: SectionOf) -> None:
    path = test_data / "datasets" / "TruthfulQA.csv"
    with path.open(encoding="utf-8", newline="") as table:
        wanted = [(row["Question"], row["Best Answer"]) for row in csv.DictReader(table)]

    found = load_rows([path], section(path))
    mapped = load_rows([path], section(path, columns={"question": "Question", "answer": "Best Answer"}))

    assert (found.detection.format.id, found.detection.certainty, found.rejected_count) == ("multiple_choice", 1.0, 0)
    assert [tuple(turn.content for turn in each.messages) for each in found.conversations] == wanted
    assert (mapped.detection.format.id, mapped.rows, mapped.rejected_count) == ("question_answer", 817, 0)


def test_of_real_calls_every_turn_is_kept_as_its_text(test_data: Path, section: SectionOf) -> None:
    path = test_data / "datasets" / "glaive_toolcall_en_demo.json"
    rows = json.loads(path.read_text(encoding="utf-8"))

    dataset = load_rows([path], section(path))

    told = [[turn.content for turn in each.messages if turn.role != "system"] for each in dataset.conversations]
    assert told == [[turn["value"] for turn in row["conversations"]] for row in rows]
    offered = [row["tools"] != "[]" for row in rows]
    assert [bool(each.notes) for each in dataset.conversations] == offered
    assert sum(offered) == 191


def test_of_real_pairs_the_chosen_answer_is_learned(test_data: Path, section: SectionOf) -> None:
    path = test_data / "datasets" / "dpo_en_demo.json"
    pairs = json.loads(path.read_text(encoding="utf-8"))

    learned = load_rows([path], section(path)).conversations

    wanted = [[turn["value"] for turn in (*pair["conversations"], pair["chosen"])] for pair in pairs]
    assert [[turn.content for turn in each.messages] for each in learned] == wanted


@pytest.mark.parametrize(("columns", "format"), [({"question": "Frage"}, "question_answer"), ({"choices": "Wahl"}, "multiple_choice")])
def test_a_said_column_tells_questions_from_choices(write: WriteData, section: SectionOf, columns: dict[str, str], format: str) -> None:
    path = write("a.jsonl", json.dumps({"Frage": "Sky?", "question": "Sky?", "Wahl": ["Red", "Blue"], "answer": "Blue"}))

    assert load_rows([path], section(path, columns=columns)).detection.format.id == format
