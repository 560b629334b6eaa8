"""`phitune plan` tells how to make it fit in words that can be given back to it."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.cli import main, study
from phitune_gui.cli.fit_words import fit_lines
from phitune_gui.core.plan import Change, Plan
from phitune_gui.jobs.machine import probe_hardware
from tests.helpers.tiny_phi3 import write_tiny_phi3

ROWS = [{"question": f"What is {number} and one?", "answer": f"It makes {number + 1}, friend."} for number in range(40)]
ROWS_EDIT = {"costs": "The result stays the same.", "adds_seconds": 0.0}


def test_each_way_is_a_line_to_copy_and_lines_that_say_what_it_costs() -> None:
    rows = (
        Change(field="training.micro_batch_size", value="2", saves_bytes=4_000_000_000, **ROWS_EDIT),
        Change(field="training.accumulation", value="4", saves_bytes=0, **ROWS_EDIT),
    )
    twice = Change(
        field="training.gradient_checkpointing", value="true", saves_bytes=9_500_000_000, costs="Slower.", adds_seconds=250.0
    )  # fmt: skip
    assert list(fit_lines(Plan(make_it_fit=rows, other_ways_to_fit=((twice,),)))) == [
        "To make it fit: -o training.micro_batch_size=2 -o training.accumulation=4",
        "  micro_batch_size, accumulation saves 4.0 GB: The result stays the same.",
        "Or: -o training.gradient_checkpointing=true",
        "  gradient_checkpointing saves 9.5 GB and takes 4 min 10 s longer: Slower.",
    ]
    assert list(fit_lines(Plan())) == []


@pytest.fixture
def plan_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: CaptureFixture[str]) -> Callable[..., Any]:
    """Plans a recipe of 32 rows at a time on a machine with so many bytes free: the JSON, or the words."""
    data, recipe = tmp_path / "rows.jsonl", tmp_path / "r.phitune.yaml"
    data.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    model = write_tiny_phi3(tmp_path / "tiny")
    new = ["recipe", "new", "--model", str(model), "--data", str(data), "--out", str(recipe), "-o", "training.micro_batch_size=32"]
    assert main(new) == 0

    def plan(free: int, *options: str, as_json: bool = True) -> Any:
        monkeypatch.setattr(study, "probe_hardware", lambda at: probe_hardware(at).model_copy(update={"available_memory_bytes": free}))
        capsys.readouterr()
        assert main(["plan", str(recipe), *options, *["--json"] * as_json]) == 0
        said = capsys.readouterr()
        return json.loads(said.out) if as_json else said.err

    return plan


def test_the_line_given_back_makes_it_fit(plan_of: Callable[..., Any]) -> None:
    needed = plan_of(10**12)["memory"]["total_bytes"]
    said = plan_of(needed - 1, as_json=False)
    lines = [line.partition(": ")[2] for line in said.splitlines() if line.startswith(("To make it fit: ", "Or: "))]
    assert lines
    for line in lines:
        after = plan_of(needed - 1, *shlex.split(line))
        assert after["memory"]["total_bytes"] < needed
        assert after["make_it_fit"] == []


def test_json_has_every_way_and_its_figures(plan_of: Callable[..., Any]) -> None:
    needed = plan_of(10**12)["memory"]["total_bytes"]
    plan = plan_of(needed - 1)
    for way in (plan["make_it_fit"], *plan["other_ways_to_fit"]):
        assert all(set(change) == {"field", "value", "saves_bytes", "costs", "adds_seconds"} for change in way)
        assert sum(change["saves_bytes"] for change in way) > 0


def test_nothing_is_told_to_copy_where_nothing_is_enough(plan_of: Callable[..., Any]) -> None:
    said = plan_of(10**6, as_json=False)
    assert "To make it fit" not in said
    assert "Even with every saving it needs " in said
