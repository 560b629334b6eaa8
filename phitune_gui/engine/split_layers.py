"""Splits the frozen layers of a model over the processes that train together; a layer is whole only while it is at work."""

import os

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from phitune_gui.engine.loss import causal_model
from phitune_gui.engine.model import Tuned
from phitune_gui.engine.ranks import Ranks


class Splitter:
    """Made by all processes together; `split` needs no other process, so one after another may load and split the model."""

    def __init__(self, ranks: Ranks) -> None:
        self._mesh = init_device_mesh(_device(), (ranks.size,))

    def split(self, model: Tuned) -> None:
        """Keep this process's share of what is frozen in each decoder layer, and let go of the rest.

        What is trained stays whole everywhere, so gradients, clipping, optimizer and files are those of a run that splits nothing. So
        do embedding, last norm and head, which the loss uses outside of the layers.
        """
        decoder = causal_model(model).model
        trained = {weights for weights in model.parameters() if weights.requires_grad}
        for layer in decoder.layers:
            fully_shard(layer, mesh=self._mesh, reshard_after_forward=True, ignored_params=trained)
        # Without a root above them each layer would take itself for the whole model, and none would be fetched ahead.
        fully_shard(decoder, mesh=self._mesh, ignored_params=trained | _outside_layers(decoder))


def _outside_layers(decoder: torch.nn.Module) -> set[torch.nn.Parameter]:
    return {weights for name, weights in decoder.named_parameters() if not name.startswith("layers.")}


def _device() -> str:
    """Where layers are put together; with GPUs each process has its own."""
    if not torch.cuda.is_available():
        return "cpu"
    torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    return "cuda"
