"""What is said at the end of an export and of its check: only what was measured, and what to do next."""

import json
from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.cli.chat import doubt_of
from phitune_gui.cli.export import next_step, show_report, tell
from phitune_gui.core.run import Export
from tests.helpers.factories import a_parity


@pytest.mark.parametrize(
    ("damaged", "words", "code"),
    [
        (None, "Not checked: it is the trained weights themselves.", 0),
        ((), "Nothing to compare", 0),
        (("x was changed after the export",), "Not verified: x was changed", 1),
    ],
)
def test_an_adapter_is_said_to_be_the_trained_weights(
    damaged: tuple[str, ...] | None, words: str, code: int, capsys: CaptureFixture[str]
) -> None:
    adapter = Export(target="adapter", path="/runs/a/exports/adapter", bytes=10, damaged=damaged)

    assert tell(adapter, as_json=False) == code
    assert words in capsys.readouterr().err
    assert tell(adapter, as_json=True) == code
    assert json.loads(capsys.readouterr().out)["verified"] is (False if damaged else None)


def test_only_what_was_measured_is_told(capsys: CaptureFixture[str]) -> None:
    show_report(a_parity())
    timed = capsys.readouterr().out
    show_report(a_parity(first_token_seconds=None, tokens_per_second=None))
    merged = capsys.readouterr().out

    assert "90 ms, 98.4 tokens/s" in timed
    assert "loads in" in merged
    assert "first token" not in merged
    assert "tokens/s" not in merged


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": "onnx-cpu-int4", "too_coarse": True}, "--to onnx-cpu-int8, or --to auto,"),
        ({"target": "onnx-cpu-int8", "too_coarse": True}, "--to onnx-cpu-fp32, or --to auto,"),
        ({"target": "onnx-cpu-int4"}, "export the run again"),
    ],
)
def test_an_export_that_was_refused_names_the_next_step(changes: dict[str, object], words: str, capsys: CaptureFixture[str]) -> None:
    refused = a_parity(verified=False, **changes)

    assert tell(Export(target=refused.target, path="/x", report=refused), as_json=False) == 1
    assert words in capsys.readouterr().err


def test_the_next_step_names_the_run_that_it_is_about(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    run = tmp_path / "a run"
    inside, outside = run / "exports" / "onnx-cpu-int4", tmp_path / "elsewhere"
    for folder in (inside, outside):
        folder.mkdir(parents=True)
        (folder / "phitune-export.json").write_text(json.dumps({"run": str(run)}), "utf-8")
    (run / "recipe.yaml").write_text("", "utf-8")
    for folder, again in ((inside, False), (outside, False), (outside, True)):
        refused = a_parity(verified=False, target="onnx-cpu-int4", too_coarse=not again)
        tell(Export(target=refused.target, path=str(folder), report=refused), as_json=False)
        assert f"phitune export '{run}' --to onnx-cpu-int{4 if again else 8}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"target": "onnx-cpu-int4", "report": a_parity(verified=False, why="It strays.").model_dump(mode="json")}, "It strays."),
        ({"target": "onnx-cpu-int4", "report": None}, "never compared"),
        ({"target": "onnx-cpu-int4", "report": a_parity().model_dump(mode="json")}, ""),
        ({"target": "adapter", "report": None}, ""),
    ],
)
def test_a_chat_with_an_export_that_was_not_verified_says_so_in_a_line(document: dict[str, object], words: str, tmp_path: Path) -> None:
    (tmp_path / "phitune-export.json").write_text(json.dumps(document), "utf-8")
    said = doubt_of(tmp_path)
    assert bool(said) == bool(words)
    assert words in said
    assert "\n" not in said


def test_where_no_other_export_helps_none_is_named() -> None:
    assert next_step(a_parity()) == ""
    assert next_step(a_parity(verified=False, too_coarse=True, target="onnx-cpu-fp32")) == ""
    assert next_step(a_parity(verified=False, stops=False)) == ""
