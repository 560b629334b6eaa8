"""The weights of an adapter that was made elsewhere: do their shapes fit the model, are they numbers, do they do anything."""

from pathlib import Path
from typing import Any

import peft
import psutil
import torch
from safetensors import safe_open
from transformers import Phi3ForCausalLM

from phitune_gui.catalog.exports.sizes import LIBRARIES_BYTES, weights_bytes
from phitune_gui.catalog.techniques import options_for, technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.data.safetensors_header import Header
from phitune_gui.engine.model import attach_adapter, load_base, read_config, with_adapter

Shapes = dict[str, tuple[int, ...]]
_CHOOSE_BASE = "Choose the base model that it was trained on."


def shapes_of(model: peft.PeftModel) -> Shapes:
    """Names and shapes of what this model's adapter is saved as."""
    return {name: tuple(weights.shape) for name, weights in peft.get_peft_model_state_dict(model, save_embedding_layers=False).items()}


def needed_shapes(section: TechniqueSection, base: BaseModel) -> Shapes:
    """The same of an adapter for this model, without memory for the model."""
    with torch.device("meta"):
        empty = Phi3ForCausalLM(read_config(Path(base.path)))
    model, _matched = attach_adapter(empty, technique(section.id), options_for(section))
    assert isinstance(model, peft.PeftModel)
    return shapes_of(model)


def require_shapes(header: Header, needed: Shapes, where: str) -> None:
    """CannotStart unless the file holds exactly these tensors."""
    found = {name: tensor.shape for name, tensor in header.tensors.items()}
    for name in sorted(needed.keys() | found.keys()):
        if found.get(name) != needed.get(name):
            raise CannotStart(where, _difference(_short(name), found.get(name), needed.get(name)), _CHOOSE_BASE)


def _difference(name: str, found: tuple[int, ...] | None, needed: tuple[int, ...] | None) -> str:
    if found is None:
        return f"The adapter lacks {name}, which this model needs."
    if needed is None:
        return f"The adapter has {name}, which belongs to nothing that its config describes."
    return f"{name} has the shape {list(found)}, and this model with this config needs {list(needed)}."


def _short(name: str) -> str:
    return name.removeprefix("base_model.model.")


def require_finite(weights: Path, where: str) -> None:
    """CannotStart when one of the numbers is NaN or infinite; reads one tensor after the other."""
    with safe_open(weights, "pt") as file:
        for name in file.keys():  # noqa: SIM118  it is no mapping
            if not bool(torch.isfinite(file.get_tensor(name).float()).all()):
                what = f"{_short(name)} holds numbers that are not finite (NaN or infinity): the training of this adapter had failed."
                raise CannotStart(where, what, "Use an earlier checkpoint of that training.")


def fits_memory(base: BaseModel) -> bool:
    """Whether the model can be loaded in float32 now, with something to spare."""
    return weights_bytes(base, "float32") + LIBRARIES_BYTES < 0.8 * psutil.virtual_memory().available


@torch.no_grad()
def effect(base: BaseModel, adapter: Path, where: str) -> float:
    """The largest difference that the adapter makes to the logits of a few tokens. Raises CannotStart when they are no numbers."""
    model: Any = with_adapter(load_base(base, torch.float32), adapter).eval()
    ids = torch.arange(min(16, base.vocabulary)).unsqueeze(0)
    tuned = model(input_ids=ids).logits
    with model.disable_adapter():
        plain = model(input_ids=ids).logits
    if not bool(torch.isfinite(tuned).all()):
        raise CannotStart(where, "With this adapter the model answers with numbers that are not finite.", _CHOOSE_BASE)
    return float((tuned - plain).abs().max())
