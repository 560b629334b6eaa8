"""LoftQ's start: the best low-rank picture of what each weight lost when it was quantised.

PEFT's own way of doing it needs a GPU and leaves the adapter's scale out of account.
"""

from collections.abc import Mapping
from pathlib import Path

import bitsandbytes as bnb
import peft
import torch
from peft.tuners.lora import LoraLayer
from safetensors import safe_open

from phitune_gui.engine.inside_start import Weights, weights_of

_PASSES = 4
_SEED = 0
_PREFIX = "base_model.model."


@torch.no_grad()
def start_as_error(model: peft.PeftModel, folder: Path) -> Weights:
    """Let each adapter make up for its layer's quantisation; the unquantised weights are read from `folder`, one at a time.

    The drawing in it has random numbers of its own, so that the run's stay as they were.
    """
    files = _files(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        for name, layer in model.named_modules():
            if isinstance(layer, LoraLayer):
                _start_layer(layer, _weight(files, name.removeprefix(_PREFIX) + ".weight"))
    return weights_of(model)


def lost(layer: LoraLayer, weight: torch.Tensor) -> torch.Tensor:
    """What `weight` has and its quantised form in `layer` has not."""
    kept = layer.get_base_layer().weight
    return weight.float().to(kept.device) - bnb.functional.dequantize_4bit(kept.data, kept.quant_state).float()


def _start_layer(layer: LoraLayer, weight: torch.Tensor) -> None:
    missing, rank = lost(layer, weight), layer.r["default"]
    left, strength, right = torch.svd_lowrank(missing, q=min(2 * rank, *missing.shape), niter=_PASSES)
    root = (strength[:rank] / layer.scaling["default"]).sqrt()
    layer.lora_A["default"].weight.copy_(root[:, None] * right[:, :rank].T)
    layer.lora_B["default"].weight.copy_(left[:, :rank] * root)


def _files(folder: Path) -> dict[str, Path]:
    files = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as weights:
            files |= dict.fromkeys(weights.keys(), file)
    return files


def _weight(files: Mapping[str, Path], name: str) -> torch.Tensor:
    with safe_open(files[name], "pt") as weights:
        return weights.get_tensor(name)
