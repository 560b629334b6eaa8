"""Adapters that start as a part of the model's own weights: that part is taken out of the model, and given back when saving.

With start matrices A0, B0 and scale s the model trains on W - s B0 A0. What is kept must work on the untouched W, so it is the plain LoRA
s (B A - B0 A0) of twice the rank, as peft's `LoraModel.subtract_mutated_init` makes it.
"""

import copy
from pathlib import Path
from typing import NamedTuple

import peft
import torch
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file

START_FILE = "start_of_adapter.safetensors"
"""In every checkpoint of such a run: A0 and B0."""
Weights = dict[str, torch.Tensor]
_TAKEN = "taken/"


class Start(NamedTuple):
    """What an adapter began as, and what was taken out of the weights before they were quantised anew; nothing where they were not."""

    weights: Weights
    taken: Weights


def weights_of(model: peft.PeftModel) -> Weights:
    """A copy of the adapter's weights as they are now."""
    return {
        name: tensor.detach().clone().contiguous()
        for name, tensor in peft.get_peft_model_state_dict(model, save_embedding_layers=False).items()
    }


@torch.no_grad()
def start_from(model: peft.PeftModel, start: Weights) -> None:
    """Put `start` into the adapter of an untouched base and take it out of the base's weights."""
    peft.set_peft_model_state_dict(model, start)
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            weight = layer.get_base_layer().weight
            taken = layer.scaling["default"] * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
            weight.copy_(weight.float() - taken)


def as_plain_lora(trained: Weights, start: Weights) -> Weights:
    """What was learned as matrices of twice the rank for the untouched base."""
    sides = {name: (1, -1) if ".lora_B." in name else (0, 1) for name in trained}
    return {name: torch.cat([trained[name], sign * start[name]], side).contiguous() for name, (side, sign) in sides.items()}


def save_as_plain_lora(model: peft.PeftModel, start: Weights, folder: Path) -> None:
    """Write the PEFT folder that everybody can load on the untouched base."""
    config = copy.deepcopy(model.active_peft_config)
    config.init_lora_weights, config.inference_mode = True, True
    config.r, config.lora_alpha = 2 * config.r, 2 * config.lora_alpha
    config.save_pretrained(str(folder))
    save_file(as_plain_lora(weights_of(model), start), folder / "adapter_model.safetensors", metadata={"format": "pt"})


def save_start(start: Start, folder: Path) -> None:
    """Write A0 and B0 into a checkpoint, and what was taken."""
    save_file({**start.weights, **{f"{_TAKEN}{name}": tensor for name, tensor in start.taken.items()}}, folder / START_FILE)


def load_start(folder: Path) -> Start:
    """The same of a checkpoint."""
    found = load_file(folder / START_FILE)
    taken = {name.removeprefix(_TAKEN): tensor for name, tensor in found.items() if name.startswith(_TAKEN)}
    return Start({name: tensor for name, tensor in found.items() if not name.startswith(_TAKEN)}, taken)
