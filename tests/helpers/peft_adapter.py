"""Makes adapter folders with peft alone, as somebody else's training would leave them."""

import warnings
from pathlib import Path
from typing import Any

import peft
import torch

from phitune_gui.core.base_model import BaseModel
from phitune_gui.engine.model import load_base

ALL_FOUR = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]


def peft_adapter(base: BaseModel, folder: Path, kind: type[peft.PeftConfig] = peft.LoraConfig, **words: Any) -> Path:
    """An adapter of the tiny model whose weights are no longer those of its start, saved by peft; `words` are those of its config."""
    words = {"target_modules": ALL_FOUR, "task_type": "CAUSAL_LM", **words}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Failed to load the CUDA extension", category=UserWarning)  # BOFT's, compiled by peft
        model = peft.get_peft_model(load_base(base, torch.float32), kind(**words))
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn(parameter.shape, generator=random))
    model.save_pretrained(str(folder))
    return folder
