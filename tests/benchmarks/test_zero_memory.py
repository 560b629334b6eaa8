"""How near the plan comes to what all processes hold together under DeepSpeed's ZeRO, by the measure of `test_split_memory.py`."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks.test_split_memory import BAND, peak_of
from tests.helpers.commands import phitune
from tests.helpers.tiny_phi3 import write_tiny_phi3

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is an extra that is not installed"),
]


@pytest.mark.parametrize(("launcher", "offload", "tokens"), [("zero1", "", 64), ("zero2", "cpu", 64), ("zero3", "", 64)])
def test_the_plan_is_near(launcher: str, offload: str, tokens: int, tmp_path: Path) -> None:
    model = write_tiny_phi3(
        tmp_path / "model", hidden_size=1024, intermediate_size=2816, num_hidden_layers=16, vocab_size=8192, num_attention_heads=16,
        num_key_value_heads=16, max_position_embeddings=2048, original_max_position_embeddings=2048, initializer_range=0.02,
    )  # fmt: skip
    data, home, recipe = tmp_path / "rows.jsonl", tmp_path / "home", tmp_path / "r.phitune.yaml"
    data.write_text("".join(json.dumps({"question": f"{number}?", "answer": "a" * tokens * 8}) + "\n" for number in range(12)), "utf-8")
    edits = {
        "training.max_steps": 2, "training.micro_batch_size": 1, "training.dtype": "float32", "training.threads": 1,
        "data.max_length": tokens, "data.validation.percent": 0, "launcher.id": launcher, "launcher.processes": 2,
    } | ({"launcher.offload": offload} if offload else {})  # fmt: skip
    options = [part for name, value in edits.items() for part in ("-o", f"{name}={value}")]
    phitune("recipe", "new", "--model", str(model), "--data", str(data), "--out", str(recipe), *options, home=home)
    predicted = phitune("plan", str(recipe), home=home)["memory"]["total_bytes"]
    seen = peak_of(recipe, home)
    ratio = predicted / seen.proportional
    print(f"{launcher}, offload {offload or 'none'}, {tokens} tokens: {predicted / 1e9:.2f} GB predicted, {seen} ({ratio:.2f})")
    assert BAND[0] <= ratio <= BAND[1]
