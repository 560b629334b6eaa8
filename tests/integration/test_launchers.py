"""Several processes that each hold the model train as one does; and what tests of every launcher share."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from phitune_gui.core.events import StepLogged
from phitune_gui.core.run import Run, apply_all
from phitune_gui.store.runs import read_events
from tests.helpers.commands import phitune
from tests.helpers.tiny_phi3 import write_tiny_phi3

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.name == "nt", reason="gloo over files is not tried on Windows")]

ONE = ("training.accumulation=2",)
TWO = ("launcher.id=ddp", "launcher.processes=2")
COMMON = ("training.micro_batch_size=2", "training.learning_rate=0.02", "technique.rank=4", "training.dtype=float32", "training.threads=1")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("launchers")
    model = write_tiny_phi3(folder / "tiny", max_position_embeddings=2048, original_max_position_embeddings=2048)
    rows = [{"question": f"Captain, {number}?", "answer": "aye " * (3 + number % 9)} for number in range(80)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = folder / "r.phitune.yaml"
    options = [part for option in COMMON for part in ("-o", option)]
    given = ["--model", str(model), "--data", str(folder / "rows.jsonl"), "--out", str(made)]
    phitune("recipe", "new", *given, *options, home=folder / "home")
    return made


def train(recipe: Path, *options: str, code: int = 0) -> dict[str, Any]:
    given = [part for option in options for part in ("-o", option)]
    return phitune("train", str(recipe), *given, home=recipe.parent / "home", code=code)


def steps(run: str) -> list[StepLogged]:
    return [event for event in read_events(Path(run)) if isinstance(event, StepLogged)]


def test_two_processes_do_what_one_does(recipe: Path) -> None:
    planned = phitune("plan", str(recipe), *("-o", TWO[0], "-o", TWO[1]), home=recipe.parent / "home")
    alone = train(recipe, *ONE, "training.max_steps=12")
    together = train(recipe, *TWO, "training.max_steps=12")

    assert planned["effective_batch_size"] == 4
    assert together["state"] == "finished"
    for one, two in zip(steps(alone["run"]), steps(together["run"]), strict=True):
        assert two.loss == pytest.approx(one.loss, abs=1e-4)
        assert two.grad_norm == pytest.approx(one.grad_norm, rel=1e-3)
        assert (two.tokens, two.learned_tokens, two.learning_rate) == (one.tokens, one.learned_tokens, one.learning_rate)
    assert together["best_validation_loss"] == pytest.approx(alone["best_validation_loss"], abs=1e-4)


@pytest.mark.parametrize("id", ["prefix", *(pytest.param(id, marks=pytest.mark.slow) for id in ("prompt", "ptuning", "eva", "loftq"))])
def test_starts_and_virtual_tokens_are_the_same_in_two_processes(recipe: Path, id: str) -> None:
    folder, other = recipe.parent, recipe.with_name(f"{id}.phitune.yaml")
    options = [
        part
        for option in (*COMMON[:2], "technique.rank=4" if id in ("eva", "loftq") else "technique.virtual_tokens=6", *COMMON[3:])
        for part in ("-o", option)
    ]
    given = ["--model", str(folder / "tiny"), "--data", str(folder / "rows.jsonl"), "--technique", id, "--out", str(other)]
    phitune("recipe", "new", *given, *options, home=folder / "home")
    alone, together = (train(other, *launcher, "training.max_steps=6") for launcher in (ONE, TWO))

    for one, two in zip(steps(alone["run"]), steps(together["run"]), strict=True):
        assert two.loss == pytest.approx(one.loss, abs=1e-4)
        assert two.grad_norm == pytest.approx(one.grad_norm, rel=1e-3)


@contextmanager
def in_background(recipe: Path, home: Path, *options: str, code: int = 0) -> Iterator[dict[str, Any]]:
    """The command goes on beside the block; its JSON is there after the block."""
    result: dict[str, Any] = {}
    given = [part for option in options for part in ("-o", option)]
    thread = threading.Thread(target=lambda: result.update(phitune("train", str(recipe), *given, home=home, code=code)))
    thread.start()
    yield result
    thread.join(90)


def at_step(runs: Path, step: int) -> Path:
    """The only run under `runs`, once it has come to this step."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for events in runs.glob("*/events.jsonl"):
            if apply_all(Run(), read_events(events.parent)).step >= step:
                return events.parent
        time.sleep(0.05)
    raise TimeoutError(f"step {step} never came")


def workers(run: Path) -> tuple[psutil.Process, list[psutil.Process]]:
    """The first process of the training and the others."""
    first = psutil.Process(json.loads((run / "worker.json").read_text("utf-8"))["pid"])
    return first, [child for child in first.children() if "--worker" in child.cmdline()]


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=15)[1]


LONG = ("training.max_steps=100000", "training.epochs=100", "training.save_steps=5")
