"""How near the predicted peak of memory comes to what the system shows for the worker, over shapes from starter to Phi-3-mini."""

import json
from pathlib import Path

import pytest

from tests.helpers.commands import phitune
from tests.helpers.tiny_phi3 import write_tiny_phi3

SHAPES = {  # hidden, intermediate, layers, vocabulary
    "starter": (576, 1536, 30, 49152),
    "medium": (1536, 4096, 10, 32064),
    "phi-3-mini, 6 layers": (3072, 8192, 6, 32064),
}
BAND = (0.75, 1.33)


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("checkpointing", ["false", "true"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("micro", "tokens"), [(1, 256), (4, 256), (4, 512)])
@pytest.mark.parametrize("shape", SHAPES)
def test_predicted_peak(shape: str, micro: int, tokens: int, dtype: str, checkpointing: str, tmp_path: Path) -> None:
    measure(shape, micro, tokens, dtype, checkpointing, tmp_path)


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("technique", "checkpointing"), [("full", "false"), ("full", "true"), ("qlora", "false")])
@pytest.mark.parametrize("shape", ["starter", "medium"])
def test_predicted_peak_of_other_techniques(shape: str, technique: str, checkpointing: str, tmp_path: Path) -> None:
    """With QLoRA and checkpointing the peak comes while loading: the file's mapped pages, which the system takes back when it must."""
    measure(shape, 4, 256, "float32", checkpointing, tmp_path, technique)


def measure(shape: str, micro: int, tokens: int, dtype: str, checkpointing: str, tmp_path: Path, technique: str = "lora") -> None:
    """Plan and train two steps; the prediction must be near what the system shows."""
    hidden, intermediate, layers, vocabulary = SHAPES[shape]
    model = write_tiny_phi3(
        tmp_path / "model", hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, vocab_size=vocabulary,
        num_attention_heads=hidden // 64, num_key_value_heads=hidden // 64, max_position_embeddings=4096,
        original_max_position_embeddings=4096, initializer_range=0.02, dtype=dtype,
    )  # fmt: skip
    data, recipe, home = tmp_path / "rows.jsonl", tmp_path / "r.phitune.yaml", tmp_path / "home"
    rows = [{"question": f"{number}?", "answer": "a" * tokens * 8} for number in range(12)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    edits = {
        "training.max_steps": 2, "training.micro_batch_size": micro, "training.accumulation": 1, "training.dtype": dtype,
        "training.gradient_checkpointing": checkpointing, "data.max_length": tokens,
        "data.validation.percent": 0,
    }  # fmt: skip
    options = [part for name, value in edits.items() for part in ("-o", f"{name}={value}")]
    new = ("recipe", "new", "--model", str(model), "--data", str(data), "--technique", technique, "--out", str(recipe))
    phitune(*new, *options, home=home)
    plan = phitune("plan", str(recipe), home=home)
    trained = phitune("train", str(recipe), home=home)

    run = phitune("show", trained["run"], home=home)["run"]

    predicted, peak = plan["memory"]["total_bytes"], run["peak_bytes"]
    parts = {name: round(value / 1e6) for name, value in plan["memory"]["parts"].items()}
    case = f"{shape} {technique} {dtype} {micro}x{tokens} checkpointing={checkpointing}"
    print(f"{case}: {predicted / 1e9:.2f} GB predicted, {peak / 1e9:.2f} seen ({predicted / peak:.2f}) {parts}")
    assert BAND[0] <= predicted / peak <= BAND[1]
