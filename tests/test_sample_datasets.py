"""The sample datasets that come with PhiTune are whole, free of repeated text, and each is what its licence file says it is."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

DATASETS = Path(__file__).resolve().parents[1] / "resources" / "datasets"
HARBOUR = ("harbour_answers.jsonl", "harbour_answers_validation.jsonl")
DESK = ("desk_labels.csv", "desk_labels_validation.csv")
LABELS = {"opening hours", "borrowing", "lost item", "events", "complaint", "thanks"}
RUN = 8  # no run of this many words may stand in a dataset twice

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
CLOSING = re.compile(r"\n(?:Fair winds|Mind the tide)\b[^\n]*[.!?]$")


def _text(name: str) -> str:
    return (DATASETS / name).read_bytes().decode("utf-8")


def _rows(name: str) -> list[dict[str, str]]:
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in _text(name).splitlines()]
    return list(csv.DictReader(_text(name).splitlines(), strict=True))


def _both(names: Iterable[str]) -> list[dict[str, str]]:
    return [row for name in names for row in _rows(name)]


def _plain(text: str) -> str:
    return " ".join(WORD.findall(text.casefold()))


def _runs(text: str) -> list[str]:
    words = _plain(text).split(" ")
    return [" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1)]


@pytest.mark.parametrize(
    ("name", "columns", "at_least"),
    [
        (HARBOUR[0], ["question", "answer"], 160),
        (HARBOUR[1], ["question", "answer"], 24),
        (DESK[0], ["text", "label"], 220),
        (DESK[1], ["text", "label"], 42),
    ],
)
def test_every_row_has_its_columns_filled(name: str, columns: list[str], at_least: int) -> None:
    rows = _rows(name)
    assert len(rows) >= at_least
    for row in rows:
        assert list(row) == columns
        assert all(value and value == value.strip() for value in row.values()), row


@pytest.mark.parametrize("name", [*HARBOUR, *DESK])
def test_the_files_are_utf8_with_plain_line_ends(name: str) -> None:
    text = _text(name)
    assert not text.startswith("\ufeff")
    assert "\r" not in text
    assert "\ufffd" not in text
    assert text.endswith("\n")
    assert "\n\n" not in text


@pytest.mark.parametrize(("names", "column"), [(HARBOUR, "question"), (HARBOUR, "answer"), (DESK, "text")])
def test_nothing_stands_twice_and_the_held_out_rows_are_others(names: tuple[str, str], column: str) -> None:
    train, held_out = ([_plain(row[column]) for row in _rows(name)] for name in names)
    assert [text for text, times in Counter(train).items() if times > 1] == []
    assert [text for text, times in Counter(held_out).items() if times > 1] == []
    assert set(train).isdisjoint(held_out)


@pytest.mark.parametrize(("names", "columns"), [(HARBOUR, ["question", "answer"]), (DESK, ["text"])])
def test_no_run_of_words_stands_twice(names: tuple[str, str], columns: list[str]) -> None:
    seen = Counter(run for row in _both(names) for column in columns for run in _runs(row[column]))
    assert [run for run, times in seen.items() if times > 1] == []


def test_answers_keep_to_their_length() -> None:
    lengths = {row["question"]: len(row["answer"].split()) for row in _both(HARBOUR)}
    assert {question: words for question, words in lengths.items() if not 35 <= words <= 70} == {}


@pytest.mark.parametrize("name", HARBOUR)
def test_the_keeper_is_heard_in_the_answers(name: str) -> None:
    answers = [row["answer"] for row in _rows(name)]
    assert sum(bool(CLOSING.search(answer)) for answer in answers) >= 0.95 * len(answers)
    assert sum(answer.startswith("Ahoy") for answer in answers) >= 0.95 * len(answers)
    assert all(answer.count("\n") == 1 for answer in answers)
    assert len({answer.split("\n")[1] for answer in answers}) == len(answers), "each closing line goes its own way"


@pytest.mark.parametrize("name", DESK)
def test_the_labels_are_known_and_balanced(name: str) -> None:
    times = Counter(row["label"] for row in _rows(name))
    assert set(times) == LABELS
    assert max(times.values()) <= 1.25 * min(times.values())


def test_messages_keep_to_their_length() -> None:
    lengths = {row["text"]: len(row["text"].split()) for row in _both(DESK)}
    assert {text: words for text, words in lengths.items() if not 8 <= words <= 35} == {}


@pytest.mark.parametrize("name", DESK)
def test_messages_have_the_characters_a_csv_reader_stumbles_over(name: str) -> None:
    texts = [row["text"] for row in _rows(name)]
    assert any("," in text for text in texts)
    assert any('"' in text for text in texts)
    assert any(not text.isascii() for text in texts)


@pytest.mark.parametrize("name", [*HARBOUR, *DESK])
def test_the_licence_file_names_each_file_with_its_count(name: str) -> None:
    row = re.search(rf"^\| `{re.escape(name)}` \|.*\| (\d+) \|$", _text("LICENSE.md"), flags=re.MULTILINE)
    assert row, name
    assert int(row.group(1)) == len(_rows(name))
