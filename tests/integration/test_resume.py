"""A run whose worker is killed goes on by `phitune resume` and ends as if nothing had happened."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from phitune_gui.core.events import CheckpointSaved
from phitune_gui.store.runs import read_events
from tests.helpers.commands import phitune
from tests.helpers.tiny_phi3 import write_tiny_phi3

OPTIONS = ["training.max_steps=40", "training.save_steps=5", "technique.rank=4", "technique.dropout=0.2"]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    model = write_tiny_phi3(folder / "tiny", max_position_embeddings=2048, original_max_position_embeddings=2048)
    rows = [{"question": f"Captain, {number}?", "answer": "aye aye " * 20} for number in range(200)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = folder / "r.phitune.yaml"
    options = [part for option in OPTIONS for part in ("-o", option)]
    phitune(
        "recipe", "new", "--model", str(model), "--data", str(folder / "rows.jsonl"), "--out", str(made), *options, home=folder / "home"
    )
    return made


def _kill_after_checkpoint(run: Path, killed: list[int]) -> None:
    """Kill -9 the worker as soon as a checkpoint lies in the only run under `run`."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for events in run.glob("*/events.jsonl"):
            saved = [event.step for event in read_events(events.parent) if isinstance(event, CheckpointSaved)]
            if saved and saved[-1] >= 10:
                os.kill(json.loads((events.parent / "worker.json").read_text("utf-8"))["pid"], signal.SIGKILL)
                killed.append(saved[-1])
                return
        time.sleep(0.01)


@pytest.mark.engine
@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_a_killed_run_resumes_to_the_same_weights(recipe: Path, tmp_path: Path) -> None:
    home, killed = recipe.parent / "home", list[int]()
    whole = phitune("train", str(recipe), "--runs", str(tmp_path / "whole"), home=home)
    killer = threading.Thread(target=_kill_after_checkpoint, args=(tmp_path / "broken", killed))
    killer.start()
    failed = phitune("train", str(recipe), "--runs", str(tmp_path / "broken"), home=home, code=1)
    killer.join()
    (run,) = (tmp_path / "broken").iterdir()

    resumed = phitune("resume", run.name, home=home)
    again = phitune("resume", run.name, home=home, code=2)

    assert "killed" in failed["error"]["what"]
    assert resumed["state"] == "finished"
    assert resumed["from_step"] in range(killed[0], 40)
    assert resumed["final_loss"] == whole["final_loss"]
    assert resumed["best_validation_loss"] == whole["best_validation_loss"]
    weights = "adapter/adapter_model.safetensors"
    assert (run / weights).read_bytes() == (Path(whole["run"]) / weights).read_bytes()
    assert "has reached its last step" in again["error"]["what"]
