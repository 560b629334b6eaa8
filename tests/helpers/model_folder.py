"""Writes a complete tiny Phi-3 model folder without torch: config.json, zero weights, a real tokenizer."""

import json
from pathlib import Path

import numpy
from safetensors.numpy import save_file

from tests.helpers.tiny_tokenizer import write_tiny_tokenizer

CONFIG: dict[str, object] = {
    "model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512,
    "original_max_position_embeddings": 512, "eos_token_id": 2, "pad_token_id": 0, "torch_dtype": "float32",
}  # fmt: skip


def write_config(folder: Path, **changes: object) -> Path:
    """Only config.json, with some fields changed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}), encoding="utf-8")
    return folder


def write_model_folder(folder: Path, **changes: object) -> Path:
    """A folder that PhiTune accepts; `changes` replace fields of config.json, not the shapes of the weights."""
    write_tiny_tokenizer(folder)
    save_file(tiny_tensors(), str(folder / "model.safetensors"))
    return write_config(folder, **changes)


def tiny_tensors() -> dict[str, numpy.ndarray]:
    """The tensors of the tiny model under the names that transformers uses: 4 heads and 2 key/value heads of 16."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (512, 64), "lm_head.weight": (512, 64), "model.norm.weight": (64,),
    }  # fmt: skip
    for layer in ("model.layers.0", "model.layers.1"):
        shapes |= {
            f"{layer}.self_attn.qkv_proj.weight": (128, 64), f"{layer}.self_attn.o_proj.weight": (64, 64),
            f"{layer}.mlp.gate_up_proj.weight": (256, 64), f"{layer}.mlp.down_proj.weight": (64, 128),
            f"{layer}.input_layernorm.weight": (64,), f"{layer}.post_attention_layernorm.weight": (64,),
        }  # fmt: skip
    return {name: numpy.zeros(shape, numpy.float32) for name, shape in shapes.items()}


def write_shards(folder: Path) -> tuple[str, str]:
    """Replaces model.safetensors by two shards and their list; returns the shards' names."""
    tensors = tiny_tensors()
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[:7], "model-00002-of-00002.safetensors": names[7:]}
    for shard, held in shards.items():
        save_file({name: tensors[name] for name in held}, str(folder / shard))
    weight_map = {name: shard for shard, held in shards.items() for name in held}
    total = sum(tensor.nbytes for tensor in tensors.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}))
    (folder / "model.safetensors").unlink()
    first, second = shards
    return first, second
