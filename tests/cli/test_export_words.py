"""What is said at the end of an export and of its check: only what was measured, and what to do next."""

import json

import pytest
from _pytest.capture import CaptureFixture

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


def test_where_no_other_export_helps_none_is_named() -> None:
    assert next_step(a_parity()) == ""
    assert next_step(a_parity(verified=False, too_coarse=True, target="onnx-cpu-fp32")) == ""
    assert next_step(a_parity(verified=False, stops=False)) == ""
