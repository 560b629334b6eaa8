"""The demo's figures are words for people, the same in the terminal and on the page."""

from pathlib import Path

from phitune_gui.cli.demo_report import DemoResult, as_markdown, result_rows
from phitune_gui.core import events as e
from phitune_gui.core.run import Export, Run, apply_all
from tests.helpers.factories import a_parity, a_plan, a_training


def a_result() -> DemoResult:
    """A demo that went well."""
    run = apply_all(Run(), [*a_training(10), e.Evaluated(step=10, loss=1.25, rows=10, tokens=100)])
    export = Export(target="onnx-cpu-int8", path="/demo/export", bytes=271_000_000, report=a_parity())
    return DemoResult(Path("/demo/run"), run, a_plan(), export, (), True, 652.2, 2_960_000_000)


def test_figures_are_words() -> None:
    rows = dict(result_rows(a_result()))

    assert rows["Time"] == "10 min 52 s"
    assert rows["Peak memory"] == "3.0 GB"
    assert rows["Export"] == "onnx-cpu-int8, 271.0 MB, verified"
    assert (rows["Validation loss before"], rows["Validation loss after"]) == ("2.0000", "1.2500")


def test_the_page_holds_the_same_figures() -> None:
    page = as_markdown(a_result())

    assert all(f"| {name} | {value} |" in page for name, value in result_rows(a_result()))
