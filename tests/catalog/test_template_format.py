"""A template puts any columns into texts of the person's own, reads nothing but columns, and is never taken unasked."""

import pytest

from phitune_gui.catalog.formats import FORMATS, columns_for, format_by_id
from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.catalog.formats.placeholders import BadTemplate, columns_in, pieces
from phitune_gui.catalog.formats.template import ASSISTANT, USER, example
from tests.catalog.test_formats import SAMPLES, said

ROW = {"language": "German", "text": "Good morning", "Best Answer": "Guten Morgen", "count": 3, "nothing": None, "list": ["a"]}


def filled(template: str) -> str:
    return USER.text(ROW, {"user": template})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Translate to {language}: {text}", "Translate to German: Good morning"),
        ("{language}{language}", "GermanGerman"),
        ("{ LANGUAGE }, {best answer}", "German, Guten Morgen"),
        ("{{language}} is {{{language}}}", "{language} is {German}"),
        ('{{"n": {count}}}', '{"n": 3}'),
        ("a{nothing}b", "ab"),
        ("{text}\n\n$HOME %s \\n", "Good morning\n\n$HOME %s \\n"),
    ],
)
def test_columns_are_put_into_braces_and_doubled_braces_are_braces(template: str, text: str) -> None:
    assert filled(template) == text


@pytest.mark.parametrize("template", ["{text.__class__}", "{text!r}", "{text:>99}", "{text[0]}", "{0}"])
def test_braces_hold_nothing_but_a_columns_name(template: str) -> None:
    with pytest.raises(BadRow, match="is missing"):
        filled(template)
    assert USER.text({template[1:-1]: "a column may be called so"}, {"user": template}) == "a column may be called so"


def test_what_a_row_says_is_never_read_as_a_template() -> None:
    assert USER.text({"a": "{b}", "b": "secret"}, {"user": "{a}"}) == "{b}"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [("{text", "a { that no } closes"), ("text}", "a } that no { opens"), ("{a{b}}", "a { that no"), ("{}", "no column's name"),
     ("{ }", "no column's name"), ("{" * 3, "a { that no")],
)  # fmt: skip
def test_braces_that_do_not_pair_are_refused_in_words(template: str, sentence: str) -> None:
    with pytest.raises(BadTemplate, match=sentence) as refused:
        pieces(template)

    assert refused.value.fix.endswith(".")


def test_an_answer_that_names_no_column_is_refused_and_a_question_may_always_be_the_same() -> None:
    with pytest.raises(BadTemplate, match="every row would teach the same"):
        ASSISTANT.named("Yes.")

    assert USER.named("Write a haiku.") == ()


def test_a_row_becomes_a_system_text_a_question_and_an_answer() -> None:
    columns = {"system": "You know {language}.", "user": "{text}?", "assistant": "{Best Answer}."}
    to_messages = format_by_id("template").to_messages

    assert said(to_messages(ROW, columns)) == (("system", "You know German."), ("user", "Good morning?"), ("assistant", "Guten Morgen."))
    assert [role for role, _ in said(to_messages(ROW, {**columns, "system": "{nothing}"}))] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"user": "{text}", "assistant": "{nothing} "}, "The assistant is empty"),
        ({"user": "{nothing}", "assistant": "{text}"}, "The user is empty"),
        ({"user": "{text}", "assistant": "{other}"}, "'other' is missing"),
        ({"user": "{list}", "assistant": "{text}"}, "The list is not a text but a list"),
    ],
)
def test_a_row_that_fills_nothing_is_refused_in_words(columns: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadRow, match=sentence) as refused:
        format_by_id("template").to_messages(ROW, columns)

    assert refused.value.fix.endswith(".")


def test_no_row_is_taken_for_a_template_unasked() -> None:
    rows = [
        {"user": "a", "assistant": "b"},
        {"system": "a", "user": "b", "assistant": "c"},
        *(row for each in SAMPLES.values() for row, _ in each),
    ]

    assert {format_by_id("template").looks_like(row) for row in rows} == {0.0}
    assert [each.id for each in FORMATS if each.is_written] == ["template"]


@pytest.mark.parametrize("names", [(), ("one",), ("a", "b", "c"), ("{odd}", "b"), ("", " ")])
def test_the_example_can_always_be_read(names: tuple[str, ...]) -> None:
    written = example(names)

    assert set(columns_in(written["user"])) <= set(names)
    assert len(ASSISTANT.named(written["assistant"])) == 1


WRITTEN = {"system": "S", "user": "{a}", "assistant": "{b}"}


@pytest.mark.parametrize(
    ("id", "before", "columns", "wanted"),
    [
        ("template", "auto", {"question": "a"}, {"user": "{a}", "assistant": "{b}"}),
        ("template", "template", WRITTEN, WRITTEN),
        ("template", "auto", WRITTEN, WRITTEN),
        ("auto", "template", WRITTEN, {}),
        ("alpaca", "auto", WRITTEN, {}),
        ("alpaca", "template", {"system": "S"}, {}),
        ("alpaca", "question_answer", {"question": "a", "system": "b"}, {"system": "b"}),
        ("auto", "question_answer", {"question": "a"}, {"question": "a"}),
        ("classification", "auto", {"labels": "x, y", "text": "a"}, {"labels": "x, y", "text": "a"}),
    ],
)
def test_another_format_keeps_what_was_said_of_columns_where_it_means_the_same(
    id: str, before: str, columns: dict[str, str], wanted: dict[str, str]
) -> None:
    assert columns_for(id, before, columns, ("a", "b")) == wanted
