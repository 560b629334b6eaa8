"""Writes a complete Phi-3 model folder so small that it trains and exports in seconds; the same weights every time."""

import json
from pathlib import Path

import torch
from transformers import Phi3Config, Phi3ForCausalLM

from tests.helpers.tiny_tokenizer import write_tiny_tokenizer


def write_tiny_phi3(folder: Path, seed: int = 7, **changes: object) -> Path:
    """A random float32 Phi-3 of hidden size 64, 2 layers, 4 heads of 16 (half of it, 8, is what the ONNX attention asks for).

    `changes` replace fields of the config. The weights are larger than usual, so that answers differ from token to token.
    """
    write_tiny_tokenizer(folder)
    ids = {token["content"]: token["id"] for token in json.loads((folder / "tokenizer.json").read_text("utf-8"))["added_tokens"]}
    fields = {
        "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 512, "original_max_position_embeddings": 512, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False, "sliding_window": None, "bos_token_id": ids["<s>"], "eos_token_id": ids["<|endoftext|>"],
        "pad_token_id": ids["<|endoftext|>"], "initializer_range": 0.1,
        "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default", "partial_rotary_factor": 1.0},
    }  # fmt: skip
    torch.manual_seed(seed)
    model = Phi3ForCausalLM(Phi3Config(**{**fields, **changes}))
    model.generation_config.eos_token_id = [ids["<|end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    model.to(getattr(torch, str(changes.get("dtype", "float32")))).save_pretrained(folder)
    return folder
