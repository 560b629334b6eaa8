"""LoftQ's start: the best low-rank picture of what each weight lost when it was quantised.

PEFT's own way of doing it needs a GPU and leaves the adapter's scale out of account.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import bitsandbytes as bnb
import peft
import torch
from peft.tuners.lora import LoraLayer
from safetensors import safe_open

from phitune_gui.engine.inside_start import Start, Weights, weights_of

_PASSES = 4
_SEED = 0
_PREFIX = "base_model.model."
_SIDES = ("lora_A", "lora_B")


@torch.no_grad()
def start_as_error(model: peft.PeftModel, folder: Path, iterations: int = 1) -> Start:
    """Let each adapter make up for its layer's quantisation; the unquantised weights are read from `folder`, one at a time.

    From the second iteration on (Li et al. 2023, arXiv 2310.08659) the weights are first quantised anew, without what the adapter makes
    up for. The drawing in it has random numbers of its own, so that the run's stay as they were.
    """
    taken: Weights = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        for name, layer, weight in _layers(model, folder):
            _start_layer(layer, weight)
            for _again in range(iterations - 1):
                taken |= {f"{name}.{side}.weight": _side(layer, side).detach().clone() for side in _SIDES}
                _quantise(layer, weight)
                _start_layer(layer, weight)
    return Start(weights_of(model), taken)


@torch.no_grad()
def quantise_without(model: peft.PeftModel, folder: Path, taken: Weights) -> None:
    """Quantise the weights anew as they are without `taken`; the adapter is left as it is."""
    for name, layer, weight in _layers(model, folder):
        now = {side: _side(layer, side).detach().clone() for side in _SIDES}
        for side in _SIDES:
            _side(layer, side).copy_(taken[f"{name}.{side}.weight"])
        _quantise(layer, weight)
        for side in _SIDES:
            _side(layer, side).copy_(now[side])


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


def _quantise(layer: LoraLayer, weight: torch.Tensor) -> None:
    """Keep `weight` without what the adapter makes up for, in the format that the layer has."""
    base = layer.get_base_layer()
    kept = base.weight
    made_up = layer.scaling["default"] * _side(layer, "lora_B").float() @ _side(layer, "lora_A").float()
    left = (weight.to(kept.device).float() - made_up).to(kept.quant_state.dtype)
    kept.data, kept.quant_state = bnb.functional.quantize_4bit(
        left, blocksize=kept.blocksize, compress_statistics=kept.compress_statistics, quant_type=kept.quant_type,
        quant_storage=kept.quant_storage,
    )  # fmt: skip
    base.quant_state = kept.quant_state


def _side(layer: LoraLayer, side: str) -> torch.Tensor:
    return getattr(layer, side)["default"].weight  # type: ignore[no-any-return]


def _layers(model: peft.PeftModel, folder: Path) -> Iterator[tuple[str, LoraLayer, torch.Tensor]]:
    """Every adapted layer with its unquantised weight."""
    files = _files(folder)
    for name, layer in model.named_modules():
        if isinstance(layer, LoraLayer):
            yield name, layer, _weight(files, name.removeprefix(_PREFIX) + ".weight")


def _files(folder: Path) -> dict[str, Path]:
    files = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as weights:
            files |= dict.fromkeys(weights.keys(), file)
    return files


def _weight(files: Mapping[str, Path], name: str) -> torch.Tensor:
    with safe_open(files[name], "pt") as weights:
        return weights.get_tensor(name)
