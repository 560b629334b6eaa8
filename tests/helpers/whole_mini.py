"""Writes a model as large as Phi-3-mini, random weights in bfloat16, one layer at a time, so that making it needs little memory."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from tests.helpers.tiny_phi3 import write_tiny_phi3

LAYERS = 32
_FIRST = "model.layers.0."


def write_whole_mini(folder: Path) -> Path:
    """3.8 billion parameters, 7.6 GB of disk. Every layer holds the same random numbers; for memory and time that makes no difference."""
    write_tiny_phi3(
        folder, hidden_size=3072, intermediate_size=8192, num_hidden_layers=1, vocab_size=32064, num_attention_heads=32,
        num_key_value_heads=32, max_position_embeddings=4096, original_max_position_embeddings=4096, initializer_range=0.02,
        dtype="bfloat16",
    )  # fmt: skip
    one = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    layer = {name: tensor for name, tensor in one.items() if name.startswith(_FIRST)}
    places = _save(folder, "outside", {name: tensor for name, tensor in one.items() if name not in layer})
    for number in range(LAYERS):
        places |= _save(folder, f"layer-{number}", {name.replace(_FIRST, f"model.layers.{number}."): layer[name] for name in layer})
    total = sum((folder / name).stat().st_size for name in set(places.values()))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": places}), "utf-8")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": LAYERS}), "utf-8")
    return folder


def _save(folder: Path, name: str, tensors: dict[str, torch.Tensor]) -> dict[str, str]:
    """Write one file; the names of its tensors, each with the file."""
    file = f"model-{name}.safetensors"
    save_file(tensors, folder / file, metadata={"format": "pt"})
    return dict.fromkeys(tensors, file)
