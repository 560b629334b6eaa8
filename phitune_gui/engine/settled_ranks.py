"""Writes an AdaLoRA whose layers were left ranks of their own as the plain LoRA that computes the same."""

import math
from pathlib import Path

import torch
from safetensors.torch import load_file

from phitune_gui.data.adapter_folder.settled_ranks import SettledRanks

_NEVER_ZERO = 1e-5
"""peft adds it to the rank that it divides by."""
_SEED = 0


def as_plain_lora(file: Path, ranks: SettledRanks) -> dict[str, torch.Tensor]:
    """The matrices of the same alpha and the highest rank.

    AdaLoRA computes alpha / first rank * B E A, whatever rank was left; here that is alpha / highest * B' A with the factors E in B'. What
    a layer lacks begins as in a fresh LoRA: at random in A and at zero in B, so it changes nothing and can be trained.
    """
    learned, plain = load_file(file), {}
    scale = ranks.highest / (ranks.first + _NEVER_ZERO)
    random = torch.Generator().manual_seed(_SEED)
    for name in sorted(name for name in learned if name.endswith(".lora_E")):
        place = name.removesuffix(".lora_E")
        down, up = learned[f"{place}.lora_A"].float(), learned[f"{place}.lora_B"].float() * learned[name].float().T * scale
        missing = ranks.highest - len(down)
        fresh = (2 * torch.rand(missing, down.shape[1], generator=random) - 1) / math.sqrt(down.shape[1])
        plain[f"{place}.lora_A.weight"] = torch.cat([down, fresh])
        plain[f"{place}.lora_B.weight"] = torch.cat([up, torch.zeros(len(up), missing)], 1)
    return plain
