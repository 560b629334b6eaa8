"""Gives each process its part of the frozen weights, for DeepSpeed's ZeRO 3, which lends the rest to a layer while it is at work."""

import os
from typing import Any

import torch

from phitune_gui.engine.model import Tuned


def choose_device() -> None:
    """DeepSpeed looks for a device when it is imported, and takes one that is not there unless it is told."""
    if not torch.cuda.is_available():
        os.environ["DS_ACCELERATOR"] = "cpu"


class ZeroSplitter:
    """Made by all processes together; `split` needs no other process, so one after another may load and split the model."""

    def __init__(self, settings: dict[str, Any]) -> None:
        choose_device()
        import deepspeed  # not above: it is an extra, importing it takes seconds, and it chooses its device then

        deepspeed.init_distributed(dist_init_required=False)
        self._init = deepspeed.zero.Init(config_dict_or_path=settings)
        # torch's own keeps a view of each frozen weight for the backward pass, and with it the whole weight that was borrowed.
        self._init._enable_mem_efficient_linear()

    def split(self, model: Tuned) -> None:
        """Keep this process's part of every frozen weight; what is trained stays whole until the engine shares it out.

        As `Init(module=...)` does it, but without sending the weights around: every process has read the same files.
        """
        for weights in model.parameters():
            if not weights.requires_grad:
                self._init._convert_to_deepspeed_param(weights)
                weights.partition()
