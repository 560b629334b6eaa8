"""The weights of an adapter that was made elsewhere: are they numbers, and do they do anything."""

from pathlib import Path
from typing import Any

import psutil
import torch
from safetensors import safe_open

from phitune_gui.catalog.exports.sizes import LIBRARIES_BYTES, weights_bytes
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.adapter_folder.shapes import short_name
from phitune_gui.engine.model import load_base, with_adapter

_CHOOSE_BASE = "Choose the base model that it was trained on."


def require_finite(weights: Path, where: str) -> None:
    """CannotStart when one of the numbers is NaN or infinite; reads one tensor after the other."""
    with safe_open(weights, "pt") as file:
        for name in file.keys():  # noqa: SIM118  it is no mapping
            if not bool(torch.isfinite(file.get_tensor(name).float()).all()):
                what = f"{short_name(name)} holds numbers that are not finite (NaN or infinity): the training of this adapter had failed."
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
