"""The demo's figures are words for people, the same in the terminal and on the page."""

from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.cli.chat import in_words
from phitune_gui.cli.demo import _ask_all
from phitune_gui.cli.demo_report import Answers, DemoResult, Peaks, as_json_document, as_markdown, result_rows
from phitune_gui.core import events as e
from phitune_gui.core.run import Export, Run, apply_all
from tests.helpers.factories import a_parity, a_plan, a_training
from tests.helpers.tiny_phi3 import write_tiny_phi3


def a_result() -> DemoResult:
    """A demo that went well."""
    run = apply_all(Run(), [*a_training(10), e.Evaluated(step=10, loss=1.25, rows=10, tokens=100)])
    answers = Answers("How?", "Ahoy, so.", "First, you", "Ahoy, so.", "Ahoy, so.", cut=("base",))
    export = Export(target="onnx-cpu-int8", path="/demo/export", bytes=271_000_000, report=a_parity())
    return DemoResult(Path("/demo/run"), run, a_plan(), export, (answers,), True, 652.2, Peaks(1_950_000_000, 2_960_000_000, 2_960_000_000))


def test_figures_are_words() -> None:
    rows = dict(result_rows(a_result()))

    assert rows["Time"] == "10 min 52 s"
    assert rows["Peak memory of training"].startswith("1.9 GB (planned ")
    assert rows["Peak memory of the export"] == "3.0 GB"
    assert rows["Export"] == "onnx-cpu-int8, 271.0 MB, verified"
    assert (rows["Validation loss before"], rows["Validation loss after"]) == ("2.0000", "1.2500")


def test_the_page_holds_the_same_figures() -> None:
    page = as_markdown(a_result())

    assert all(f"| {name} | {value} |" in page for name, value in result_rows(a_result()))


def test_an_answer_that_the_limit_ended_is_marked_for_people_only() -> None:
    page, document = as_markdown(a_result()), as_json_document(a_result())

    assert "**Base:** First, you …" in page
    assert "**Tuned:** Ahoy, so.\n" in page
    assert document["answers"][0]["base"] == "First, you"
    assert document["answers"][0]["cut"] == ("base",)


def test_memory_is_told_by_what_was_going_on() -> None:
    document = as_json_document(a_result())

    keys = ("training_peak_memory_bytes", "export_peak_memory_bytes", "peak_memory_bytes")
    assert [document[key] for key in keys] == [1_950_000_000, 2_960_000_000, 2_960_000_000]


def test_an_answer_that_was_cut_off_says_where() -> None:
    ended = e.AnswerFinished(id="a", tokens=110, first_token_seconds=0.1, tokens_per_second=9.96, ended_by="stop token")
    cut = ended.model_copy(update={"ended_by": "length"})

    assert in_words(ended, 110) == "110 tokens, 10.0 tokens/s"
    assert "cut off (…) at the limit of 110 tokens" in in_words(cut, 110)
    assert "end of what this model reads" in in_words(cut, 200)


@pytest.mark.engine
def test_every_answer_is_told_when_it_is_there(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    model = write_tiny_phi3(tmp_path / "tiny")

    answers = list(_ask_all("base", (model, "model"), ["One?", "Two?"], quiet=False))

    said = capsys.readouterr().err
    assert len(answers) == 2
    for words in ("base: loading", "base: answer 1 of 2", "base: answer 2 of 2"):
        assert words in said
