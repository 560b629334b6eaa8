"""Runs of a benchmark: a model of random weights in a known shape, a dataset, a plan, and what the run then really took."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

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
ETA_STEP = 10


class Case(NamedTuple):
    """One run of a grid."""

    shape: str
    technique: str
    dtype: str
    rows: int
    tokens: int
    checkpointing: bool = False
    option: str = ""


def model_of(folder: Path, shape: str) -> Path:
    hidden, intermediate, layers, vocabulary = SHAPES[shape]
    return write_tiny_phi3(
        folder, hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, vocab_size=vocabulary,
        num_attention_heads=hidden // 64, num_key_value_heads=hidden // 64, max_position_embeddings=4096,
        original_max_position_embeddings=4096, initializer_range=0.02, dtype="bfloat16",
    )  # fmt: skip


def measured(
    case: Case, model: Path, folder: Path, home: Path, answers: list[str], steps: int, validation: int = 0
) -> dict[str, Any]:  # fmt: skip
    """Plan and train on rows with these answers, `validation` percent of them held out; predictions over what was seen."""
    folder.mkdir()
    data, recipe = folder / "rows.jsonl", folder / "r.phitune.yaml"
    rows = [{"question": f"{number}?", "answer": answer} for number, answer in enumerate(answers)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    edits = {
        "training.max_steps": steps, "training.eval_steps": ETA_STEP, "training.save_steps": ETA_STEP,
        "training.micro_batch_size": case.rows,
        "training.accumulation": 1, "training.dtype": case.dtype, "training.gradient_checkpointing": str(case.checkpointing).lower(),
        "data.max_length": case.tokens, "data.validation.percent": validation,
    }  # fmt: skip
    options = [part for edit in (*(f"{name}={value}" for name, value in edits.items()), case.option) if edit for part in ("-o", edit)]
    new = ("recipe", "new", "--model", str(model), "--data", str(data), "--technique", case.technique, "--out", str(recipe))
    phitune(*new, *options, home=home)
    plan = phitune("plan", str(recipe), home=home)
    trained = Path(phitune("train", str(recipe), home=home)["run"])
    run = phitune("show", str(trained), home=home)["run"]
    took = run["ended_at"] - run["began_at"]
    return {
        **case._asdict(), "predicted_gb": plan["memory"]["total_bytes"] / 1e9, "peak_gb": run["peak_bytes"] / 1e9,
        "memory_ratio": plan["memory"]["total_bytes"] / run["peak_bytes"], "predicted_s": plan["time_seconds"], "took_s": took,
        "time_ratio": plan["time_seconds"] / took, "eta_ratio": _eta_ratio(trained), "parts": plan["memory"]["parts"],
    }  # fmt: skip


def _eta_ratio(folder: Path) -> float | None:
    """The time left as it was said after ten steps, over what it was until the run ended; None for shorter runs."""
    run, said, at = Run(), None, 0.0
    for event in read_events(folder):
        run = apply(run, event)
        if isinstance(event, StepLogged) and event.step == ETA_STEP:
            said, at = seconds_left(run), event.at
    return said / (run.ended_at - at) if said and run.ended_at > at else None


def answers_up_to(tokens: int, rows: int) -> list[str]:
    """Of all lengths from a third of so many tokens to all of them, since rows of one length flatter a plan."""
    return ["a" * round(tokens * (0.3 + 0.7 * row / rows)) for row in range(rows)]


def write(rows: list[dict[str, Any]], name: str) -> None:
    """To the folder that PHITUNE_BENCHMARKS names, where it does."""
    if named := os.environ.get("PHITUNE_BENCHMARKS"):
        Path(named).mkdir(parents=True, exist_ok=True)
        (Path(named) / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def show(row: dict[str, Any]) -> None:
    """One line of the printed table."""
    shown = (value for value in row.values() if not isinstance(value, dict))
    print(" | ".join(f"{value:.2f}" if isinstance(value, float) else str(value) for value in shown), flush=True)
