"""How near a calibrated plan comes to what runs really take: peak of memory, seconds, and the time left after ten steps.

Prints a table and, where PHITUNE_BENCHMARKS names a folder, writes it there as memory_plan.jsonl. Seconds are only printed: other programs
of the machine move them, which they do not do with memory.
"""

import json
import os
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest

from phitune_gui.core.events import StepLogged
from phitune_gui.core.run import Run, apply
from phitune_gui.core.time_left import seconds_left
from phitune_gui.store.runs import read_events
from tests.helpers.commands import phitune
from tests.helpers.tiny_phi3 import write_tiny_phi3

SHAPES = {  # hidden, intermediate, layers, vocabulary
    "starter": (576, 1536, 30, 49152),
    "as wide as Phi-3-mini": (3072, 8192, 4, 32064),
}
MEDIAN_ERROR, WORST_ERROR, UNDER = 0.10, 0.25, 0.15
STEPS, ETA_STEP = 14, 10
TIMED = 512
"""Runs of at most so many tokens a step go on until the time left can be judged; the others only until their peak has passed."""


class Case(NamedTuple):
    """One run of the grid."""

    shape: str
    technique: str
    dtype: str
    rows: int
    tokens: int
    checkpointing: bool = False


CASES = [
    *(Case(shape, "lora", dtype, rows, tokens, checkpointing)
      for shape in SHAPES for dtype in ("float32", "bfloat16")
      for rows, tokens, checkpointing in ((1, 256, False), (4, 256, False), (2, 512, True))),
    *(Case(shape, technique, "bfloat16", 2, 256) for shape in SHAPES
      for technique in ("dora", "qlora", "ia3", "pissa", "adalora", "vera", "loha")),
    *(Case("starter", technique, "float32", 4, 256, checkpointing)
      for technique in ("full", "qlora") for checkpointing in (False, True)),
    Case("starter", "boft", "float32", 4, 256),
]  # fmt: skip


@pytest.mark.benchmark
@pytest.mark.timeout(7200)
def test_plans_come_true(tmp_path: Path) -> None:
    home = tmp_path / "home"
    phitune("calibrate", home=home)
    models = {shape: _model(tmp_path / f"model-{number}", shape) for number, shape in enumerate(SHAPES)}
    rows = []
    for number, case in enumerate(CASES):
        rows.append(_measured(case, models[case.shape], tmp_path / str(number), home))
        print(" | ".join(f"{value:.2f}" if isinstance(value, float) else str(value) for value in rows[-1].values()), flush=True)
    _write(rows)
    ratios = [row["memory_ratio"] for row in rows]
    errors = sorted(abs(ratio - 1) for ratio in ratios)
    print(f"{len(rows)} runs: median error {median(errors):.1%}, worst {errors[-1]:.1%}, lowest ratio {min(ratios):.2f}")
    for name in ("time_ratio", "eta_ratio"):
        known = [row[name] for row in rows if row[name]]
        print(f"{name}: median {median(known):.2f}, from {min(known):.2f} to {max(known):.2f}" if known else f"{name}: none")
    assert median(errors) <= MEDIAN_ERROR
    assert errors[-1] <= WORST_ERROR
    assert min(ratios) >= 1 - UNDER


def _model(folder: Path, shape: str) -> Path:
    hidden, intermediate, layers, vocabulary = SHAPES[shape]
    return write_tiny_phi3(
        folder, hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, vocab_size=vocabulary,
        num_attention_heads=hidden // 64, num_key_value_heads=hidden // 64, max_position_embeddings=4096,
        original_max_position_embeddings=4096, initializer_range=0.02, dtype="bfloat16",
    )  # fmt: skip


def _measured(case: Case, model: Path, folder: Path, home: Path) -> dict[str, Any]:
    """Plan and train; predictions over what was seen."""
    folder.mkdir()
    data, recipe = folder / "rows.jsonl", folder / "r.phitune.yaml"
    rows = [{"question": f"{number}?", "answer": "a" * case.tokens * 8} for number in range(60)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    edits = {
        "training.max_steps": STEPS if case.rows * case.tokens <= TIMED else 3, "training.micro_batch_size": case.rows,
        "training.accumulation": 1, "training.dtype": case.dtype, "training.gradient_checkpointing": str(case.checkpointing).lower(),
        "data.max_length": case.tokens, "data.validation.percent": 0,
    }  # fmt: skip
    options = [part for name, value in edits.items() for part in ("-o", f"{name}={value}")]
    new = ("recipe", "new", "--model", str(model), "--data", str(data), "--technique", case.technique, "--out", str(recipe))
    phitune(*new, *options, home=home)
    plan = phitune("plan", str(recipe), home=home)
    trained = Path(phitune("train", str(recipe), home=home)["run"])
    run = phitune("show", str(trained), home=home)["run"]
    took = run["ended_at"] - run["began_at"]
    return {
        **case._asdict(), "predicted_gb": plan["memory"]["total_bytes"] / 1e9, "peak_gb": run["peak_bytes"] / 1e9,
        "memory_ratio": plan["memory"]["total_bytes"] / run["peak_bytes"], "predicted_s": plan["time_seconds"], "took_s": took,
        "time_ratio": plan["time_seconds"] / took, "eta_ratio": _eta_ratio(trained),
    }  # fmt: skip


def _eta_ratio(folder: Path) -> float | None:
    """The time left as it was said after ten steps, over what it was until the last step."""
    run, said, at, ended = Run(), None, 0.0, 0.0
    for event in read_events(folder):
        run = apply(run, event)
        if isinstance(event, StepLogged):
            ended = event.at
            if event.step == ETA_STEP:
                said, at = seconds_left(run), event.at
    return said / (ended - at) if said and ended > at else None


def _write(rows: list[dict[str, Any]]) -> None:
    if named := os.environ.get("PHITUNE_BENCHMARKS"):
        Path(named).mkdir(parents=True, exist_ok=True)
        (Path(named) / "memory_plan.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
