"""How near the plan comes to what all processes hold together when they split the layers, and how much less that is than copies."""

import json
import os
import threading
from pathlib import Path

import psutil
import pytest

from tests.helpers.commands import phitune
from tests.helpers.tiny_phi3 import write_tiny_phi3

BAND = (0.75, 1.33)


def resident_peak(recipe: Path, home: Path) -> int:
    """The most bytes that were resident in all workers together while the recipe was trained."""
    peak, done = [0], threading.Event()
    training = threading.Thread(target=lambda: (phitune("train", str(recipe), home=home), done.set()))
    training.start()
    while training.is_alive() and not done.wait(0.02):
        peak.append(sum(_resident(child) for child in psutil.Process(os.getpid()).children(recursive=True)))
    training.join()
    assert done.is_set()
    return max(peak)


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss if "--worker" in process.cmdline() else 0
    except psutil.Error:
        return 0


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("tokens", [64, 512])
def test_split_layers_are_held_once(tokens: int, tmp_path: Path) -> None:
    model = write_tiny_phi3(
        tmp_path / "model", hidden_size=1024, intermediate_size=2816, num_hidden_layers=16, vocab_size=8192, num_attention_heads=16,
        num_key_value_heads=16, max_position_embeddings=2048, original_max_position_embeddings=2048, initializer_range=0.02,
    )  # fmt: skip
    data, home = tmp_path / "rows.jsonl", tmp_path / "home"
    data.write_text("".join(json.dumps({"question": f"{number}?", "answer": "a" * tokens * 8}) + "\n" for number in range(12)), "utf-8")
    seen = {}
    for launcher in ("ddp", "fsdp2"):
        recipe = tmp_path / f"{launcher}.phitune.yaml"
        edits = {
            "training.max_steps": 2, "training.micro_batch_size": 1, "training.dtype": "float32", "training.threads": 1,
            "data.max_length": tokens, "data.validation.percent": 0, "launcher.id": launcher, "launcher.processes": 2,
        }  # fmt: skip
        options = [part for name, value in edits.items() for part in ("-o", f"{name}={value}")]
        phitune("recipe", "new", "--model", str(model), "--data", str(data), "--out", str(recipe), *options, home=home)
        predicted = phitune("plan", str(recipe), home=home)["memory"]["total_bytes"]
        seen[launcher] = resident_peak(recipe, home)
        print(f"{launcher}, {tokens} tokens: {predicted / 1e9:.2f} GB predicted, {seen[launcher] / 1e9:.2f} seen"
              f" ({predicted / seen[launcher]:.2f})")  # fmt: skip
    assert BAND[0] <= predicted / seen["fsdp2"] <= BAND[1]
    assert seen["fsdp2"] < seen["ddp"]
