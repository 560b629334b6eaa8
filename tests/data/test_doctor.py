"""The doctor counts what is kept, double, leaking, cut and masked, and training gets exactly what it and the preview show."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection, ModelSection, Recipe
from phitune_gui.data.desk import OPERATIONS
from phitune_gui.data.doctor import examine
from phitune_gui.data.inspection import inspect
from phitune_gui.data.lengths import BUCKETS, lengths_of
from phitune_gui.data.preview import preview_row
from phitune_gui.data.requests import InspectRequest, PreviewRequest
from phitune_gui.data.training_rows import training_rows
from tests.data.conftest import SectionOf, WriteData


def questions(*pairs: tuple[str, str]) -> str:
    return "".join(json.dumps({"question": question, "answer": answer}) + "\n" for question, answer in pairs)


def many(count: int) -> str:
    return questions(*((f"Question {number}?", f"Answer {number}.") for number in range(count)))


def recipe(data: DataSection, model: BaseModel) -> Recipe:
    return Recipe(model=ModelSection(path=model.path), data=data)


def test_it_counts_without_a_model(write: WriteData, section: SectionOf) -> None:
    path = write("a.jsonl", many(20) + many(2) + "broken\n" + questions(("Empty?", "")))

    report = inspect(InspectRequest(data=section(path)))

    assert (report.rows, report.kept, report.train_rows, report.validation_rows) == (24, 20, 18, 2)
    assert (report.duplicates, report.rejected_count, report.tokens, report.lengths.max) == (2, 2, 0, 0)
    assert [(each.file, each.line) for each in report.rejected] == [(str(path), 23), (str(path), 24)]
    assert (report.format, report.encoding, report.columns, report.estimated) == ("question_answer", "UTF-8", ("question", "answer"), False)


def test_token_figures_are_those_that_training_gets(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.jsonl", many(40) + questions(("Long?", "word " * 60)))
    data = section(path, max_length=40)

    rows = training_rows(recipe(data, tiny_model), tiny_model)

    assert rows.report == inspect(InspectRequest(data=data, model=tiny_model))
    assert (len(rows.train), len(rows.validation)) == (rows.report.train_rows, rows.report.validation_rows)
    assert rows.report.tokens == sum(len(row.ids) for row in rows.train)
    assert rows.report.learned_tokens == sum(sum(row.learned) for row in rows.train)
    assert max(len(row.ids) for row in [*rows.train, *rows.validation]) == 40
    assert (rows.report.truncated, rows.report.fully_masked) == (1, 0)
    assert rows.report.lengths.max > 40
    assert sum(count for _, count in rows.report.lengths.histogram) == rows.report.kept == 41


def test_rows_whose_answer_is_cut_off_are_left_out(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.jsonl", many(5) + questions(("word " * 60, "Short.")))

    report = inspect(InspectRequest(data=section(path, max_length=40, percent=0), model=tiny_model))

    assert (report.rows, report.kept, report.fully_masked, report.truncated) == (6, 5, 1, 0)


def test_nothing_left_to_learn_is_refused(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.jsonl", questions(("word " * 60, "Short.")))

    with pytest.raises(
        CannotStart, match="No row is left to learn from: 1 read, 0 rejected, 0 double, 1 with their answer behind token 40"
    ):
        training_rows(recipe(section(path, max_length=40), tiny_model), tiny_model)


def test_a_validation_file_overrides_the_percentage_and_leaks_are_counted(
    write: WriteData, section: SectionOf, tiny_model: BaseModel
) -> None:
    path, held_out = write("a.jsonl", many(12)), write("b.jsonl", questions(("Question 3?", "Else."), ("New?", "Yes."), ("New?", "Yes.")))

    report = inspect(InspectRequest(data=section(path, validation=held_out, percent=50), model=tiny_model))

    assert (report.rows, report.train_rows, report.validation_rows, report.duplicates, report.leaks) == (15, 12, 2, 1, 1)
    assert report.files == (str(path), str(held_out))


def test_validation_rows_are_asked_with_the_labels_of_the_training_rows(
    write: WriteData, section: SectionOf, tiny_model: BaseModel
) -> None:
    path = write("a.csv", "text,label\nnice,good\nugly,bad\n")
    held_out = write("b.csv", "text,label\nfine,good\n")

    rows = training_rows(recipe(section(path, validation=held_out), tiny_model), tiny_model)

    assert "Answer with one of: bad, good." in rows.validation[0].text


def test_spelled_control_tokens_are_counted_and_rejected_by_no_one(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.jsonl", many(3) + questions(("What does <|end|> mean?", "The end.")))

    report = inspect(InspectRequest(data=section(path), model=tiny_model))

    assert (report.control_tokens_in_text, report.kept) == (1, 4)


def test_rows_that_the_template_refuses_are_rejected(
    write: WriteData, section: SectionOf, tiny_folder: Path, tmp_path: Path, tiny_model: BaseModel
) -> None:
    (tmp_path / "tokenizer.json").write_bytes((tiny_folder / "tokenizer.json").read_bytes())
    config = json.loads((tiny_folder / "tokenizer_config.json").read_text())
    guard = "{% if 'bad' in messages[0].content %}{{ raise_exception('no bad words') }}{% endif %}"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": guard + config["chat_template"]}))
    path = write("a.jsonl", many(3) + questions(("bad", "word")))

    report = inspect(InspectRequest(data=section(path), model=tiny_model.model_copy(update={"path": str(tmp_path)})))

    assert [(each.line, "no bad words" in each.reason) for each in report.rejected] == [(4, True)]
    assert (report.kept, report.rejected_count) == (3, 1)


def test_a_sample_is_scaled_up_and_called_estimated(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    lines = [json.dumps({"question": f"Question {number:05}?", "answer": "Yes it is."}) for number in range(5000)]
    path = write("a.jsonl", "\n".join(lines))
    data = section(path)

    sample, whole = (inspect(InspectRequest(data=data, model=tiny_model, max_rows=rows)) for rows in (500, None))

    assert sample.estimated
    assert not whole.estimated
    assert sample.rows == pytest.approx(whole.rows, rel=0.02)
    assert sample.tokens == pytest.approx(whole.tokens, rel=0.02)
    assert sample.train_rows + sample.validation_rows == sample.kept


def test_a_row_more_costs_less_than_a_hundred_bytes_of_memory(write: WriteData, section: SectionOf) -> None:
    def peak(rows: int) -> int:
        request = InspectRequest(data=section(write("a.jsonl", many(rows) + many(rows // 10))))
        tracemalloc.start()
        try:
            assert inspect(request).duplicates == rows // 10
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(22_000) - peak(2_000) < 100 * 20_000


class Enough(Exception):
    """Whoever listens has heard enough."""


def test_rows_and_progress_are_told_while_it_reads_and_whoever_listens_can_end_it(
    write: WriteData, section: SectionOf, tiny_model: BaseModel
) -> None:
    told: list[tuple[float, int]] = []

    def end_it(share: float, rows: int) -> None:
        told.append((share, rows))
        if rows >= 2000:
            raise Enough

    path, held_out = write("a.jsonl", many(3000)), write("b.jsonl", many(1500))
    with pytest.raises(Enough):
        examine(section(path), tiny_model, 7, tell=end_it)
    assert [rows >= 2000 for _, rows in told] == [False] * (len(told) - 1) + [True]
    assert told[-1][1] < 2200
    told.clear()
    examine(section(path, path, validation=held_out), None, 7, tell=lambda share, rows: told.append((share, rows)))

    assert [rows for _, rows in told] == sorted(rows for _, rows in told)
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[0][0] < 0.1
    assert told[-1][0] > 0.9
    assert told[-1][1] > 6000


def test_the_fingerprint_follows_the_kept_rows(write: WriteData, section: SectionOf) -> None:
    prints = [inspect(InspectRequest(data=section(write(name, text)))).fingerprint for name, text in [
        ("a.jsonl", many(9)), ("b.jsonl", many(9) + "broken\n"), ("c.jsonl", many(8)),
    ]]  # fmt: skip

    assert prints[0] == prints[1] != prints[2]


def test_notes_say_what_was_guessed_and_what_is_not_learned(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.txt", ("Größe und Übung, fünf schöne Äpfel. " * 30).encode("cp1252"))

    report = inspect(InspectRequest(data=section(path, max_length=64), model=tiny_model))

    assert report.encoding == "Windows-1252"
    assert "save the file as UTF-8" in report.notes[0]
    assert "up to token 64" in report.notes[1]


def test_what_a_format_leaves_out_is_said_once_and_with_each_row(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.csv", "question,best answer,incorrect answers\nSky?,Blue.,Red.\nGrass?,Green.,Red.\n")

    report = inspect(InspectRequest(data=section(path)))
    preview = preview_row(PreviewRequest(data=section(path), model=tiny_model, row=1))

    assert report.notes == preview.notes
    assert ["neither shown nor learned" in note for note in report.notes] == [True]


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=300))
def test_lengths_are_summed_up_without_losing_a_row(lengths: list[int]) -> None:
    figures = lengths_of(lengths)

    assert sum(count for _, count in figures.histogram) == len(lengths)
    assert len(figures.histogram) <= BUCKETS
    assert figures.min <= figures.p50 <= figures.p95 <= figures.max <= figures.histogram[-1][0]


def test_the_preview_shows_learned_read_and_cut_tokens(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.jsonl", questions(("What is the <|end|>?", "The sky is blue on a clear day.")))
    data = section(path, max_length=20)

    preview = preview_row(PreviewRequest(data=data, model=tiny_model, row=0))

    assert (preview.row, preview.line, preview.truncated) == (0, 1, True)
    assert [token.cut for token in preview.tokens] == [False] * 20 + [True] * (preview.length - 20)
    assert "".join(token.text for token in preview.tokens if token.learned) == "The sky is blue on a clear day.<|end|>"
    assert preview.tokens[0].text == "<|user|>"
    assert [turn.role for turn in preview.messages] == ["user", "assistant"]
    assert "spells control tokens" in preview.notes[0]


def test_the_preview_and_training_see_the_same_ids(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.jsonl", many(9))
    data = section(path, percent=0)

    trained = training_rows(recipe(data, tiny_model), tiny_model).train
    shown = [preview_row(PreviewRequest(data=data, model=tiny_model, row=row)) for row in range(9)]

    assert [[token.id for token in preview.tokens] for preview in shown] == [row.ids for row in trained]
    assert [[token.learned for token in preview.tokens] for preview in shown] == [row.learned for row in trained]


def test_the_preview_of_a_rejected_row_says_why(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    path = write("a.jsonl", many(2) + "broken\n")

    with pytest.raises(CannotStart, match="not valid JSON") as refused:
        preview_row(PreviewRequest(data=section(path), model=tiny_model, row=2))

    assert refused.value.problem.where == f"{path}:3"


def test_the_desk_answers_plain_fields(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    fields = {"data": section(write("a.jsonl", many(12))).model_dump(), "model": tiny_model.model_dump()}

    for name, more in (("inspect", {"max_rows": 5}), ("preview", {"row": 3})):
        operation = OPERATIONS[name]
        assert operation.answer(operation.request.model_validate({**fields, **more})).model_dump(mode="json")


def test_no_file_is_refused(section: SectionOf) -> None:
    with pytest.raises(CannotStart, match="No dataset file is chosen"):
        inspect(InspectRequest(data=section()))


PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([
        b"\n", b'{"question": "a", "answer": "b"}\n', b'{"messages": [{"role": "user"}]}', b'{"text": 1e999}', b"\xef\xbb\xbf", b"\xff\xfe",
        b'"', b"[", b"]", b"{", b"}", b",", b"\\", b"\0", b"NaN", b'{"question": {"a": []}, "answer": [null]}\n', b'a,b\n"', b"1" * 5000,
    ]),
)  # fmt: skip


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PIECES, max_size=25).map(b"".join), st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".txt", ".parquet"]))
def test_hostile_bytes_end_in_a_report_or_a_sentence(
    write: WriteData, section: SectionOf, tiny_model: BaseModel, content: bytes, suffix: str
) -> None:
    path = write(f"hostile{suffix}", content)

    try:
        report = inspect(InspectRequest(data=section(path), model=tiny_model))
    except CannotStart as refused:
        assert refused.problem.what.endswith(".")  # noqa: PT017  either outcome is right
    else:
        assert report.kept + report.rejected_count + report.duplicates + report.fully_masked == report.rows
        assert all(each.reason and each.fix and each.line >= 0 for each in report.rejected)


@pytest.mark.parametrize("name", ["phi-3-mini-128k-jul2024", "phi-3-mini-4k-apr2024"])
def test_real_data_with_real_tokenizers(test_data: Path, section: SectionOf, tiny_model: BaseModel, name: str) -> None:
    path = test_data / "datasets" / "glaive_toolcall_en_demo.json"
    model = tiny_model.model_copy(update={"path": str(test_data / "tokenizers" / name)})

    report = inspect(InspectRequest(data=section(path, max_length=512), model=model))

    assert report.kept + report.duplicates + report.fully_masked == report.rows == 300
    assert 0 < report.learned_tokens < report.tokens
    assert any("drops system messages" in note for note in report.notes) == ("apr" in name)
