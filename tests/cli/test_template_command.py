"""A template written on the command line is inspected, previewed, kept in a recipe and planned, each time with the same rows."""

import json
from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.cli import main
from phitune_gui.store.recipes import load_recipe
from tests.cli.test_recipe_command import answer, model

__all__ = ["model"]

USER, ASSISTANT = 'Translate {{"x"}} to {language}: {text} = ?', "{translation}"
INLINE = ["--format", "template", "--map", f"user={USER}", "--map", f"assistant={ASSISTANT}"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("language,text,translation\n" + "".join(f"German,word {each},Wort {each}\n" for each in range(20)), "utf-8")
    return path


def test_a_template_on_the_command_line_is_the_same_from_inspection_to_plan(
    table: Path, model: Path, tmp_path: Path, capsys: CaptureFixture[str]
) -> None:
    report, _ = answer(capsys, "inspect", str(table), "--model", str(model), *INLINE)
    seen, _ = answer(capsys, "preview", str(table), "--model", str(model), "--row", "2", *INLINE)
    out = tmp_path / "r.phitune.yaml"
    settings = ["data.format=template", f"data.columns.user={USER}", f"data.columns.assistant={ASSISTANT}"]
    options = [part for setting in settings for part in ("-o", setting)]
    assert main(["recipe", "new", "--model", str(model), "--data", str(table), "--out", str(out), *options]) == 0
    plan, _ = answer(capsys, "plan", str(out), "--exact")

    assert (report["format"], report["kept"], report["rejected_count"]) == ("template", 20, 0)
    assert [turn["content"] for turn in seen["messages"]] == ['Translate {"x"} to German: word 2 = ?', "Wort 2"]
    assert load_recipe(out).data.columns == {"user": USER, "assistant": ASSISTANT}
    assert (plan["train_rows"], plan["validation_rows"]) == (report["train_rows"], report["validation_rows"])
    assert plan["tokens_per_epoch"] == report["tokens"]


def test_the_line_that_is_offered_for_unknown_columns_works(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"Frage": "a", "Antwort": "b"}\n' * 3, "utf-8")
    refusal, _ = answer(capsys, "inspect", str(path), code=2)
    offered = json.dumps(refusal)

    assert "--format template --map 'user={Frage}' --map 'assistant={Antwort}'" in offered
    report, _ = answer(capsys, "inspect", str(path), "--format", "template", "--map", "user={Frage}", "--map", "assistant={Antwort}")
    assert (report["rows"], report["rejected_count"]) == (3, 0)
