"""Techniques that put learned tokens before every conversation: their pass through the model, their start, and their checkpoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import peft
import torch
from safetensors.torch import load_file, save_file

from phitune_gui.engine.batches import Batch

ENCODER_FILE = "virtual_tokens.safetensors"
"""In every checkpoint of such a run: all that is trained. PEFT keeps the finished tokens only, without the network that makes them."""


def adds_tokens(model: Any) -> bool:
    """Whether the technique works by virtual tokens, which only peft's own forward pass adds."""
    return isinstance(model, peft.PeftModel) and bool(model.active_peft_config.is_prompt_learning)


def hidden_after_tokens(model: peft.PeftModel, batch: Batch) -> torch.Tensor:
    """The last hidden states of the batch's own positions, as peft's forward pass would reach them, but without any logits."""
    config, decoder = model.active_peft_config, model.get_base_model().model
    ids, mask, count = batch["input_ids"], batch["attention_mask"], config.num_virtual_tokens
    mask = torch.cat([mask.new_ones(len(mask), count), mask], 1)
    if config.peft_type == peft.PeftType.PREFIX_TUNING:
        prefix = model.get_prompt(len(ids))
        positions = batch["position_ids"] + count
        out = decoder(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=prefix, use_cache=False)
        return out.last_hidden_state
    embedded = model.word_embeddings(ids)
    prompts = model.get_prompt(len(ids)).to(embedded.dtype)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    embedded = torch.cat([prompts, embedded], 1)
    out = decoder(inputs_embeds=embedded, attention_mask=mask, position_ids=positions, use_cache=False)
    return out.last_hidden_state[:, count:]


@torch.no_grad()
def start_as(model: peft.PeftModel, ids: Sequence[int]) -> None:
    """Let the virtual tokens begin as these tokens, repeated or cut to their number."""
    weight = model.prompt_encoder[model.active_adapter].embedding.weight
    repeated = torch.tensor([ids[place % len(ids)] for place in range(len(weight))], device=weight.device)
    weight.copy_(model.word_embeddings.weight[repeated])


def save_encoder(model: peft.PeftModel, folder: Path) -> None:
    """Write all that is trained into a checkpoint."""
    state = model.prompt_encoder[model.active_adapter].state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / ENCODER_FILE)


def load_encoder(model: peft.PeftModel, folder: Path) -> None:
    """Read it back; every number must be there."""
    model.prompt_encoder[model.active_adapter].load_state_dict(load_file(folder / ENCODER_FILE))
