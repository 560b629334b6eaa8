"""The layers of a model in Phi-3 layout and how many parameters they hold, from its sizes alone."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from phitune_gui.core.base_model import BaseModel

FUSED_LAYERS = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")
"""The only linear layers of a Phi-3 block; queries, keys and values are one layer, gate and up another."""


class Layer(NamedTuple):
    """Features that go in and come out of one linear layer."""

    inputs: int
    outputs: int

    @property
    def weights(self) -> int:
        """Parameters of the layer; Phi-3 layers have no bias."""
        return self.inputs * self.outputs


def linear_layers(model: BaseModel) -> Mapping[str, Layer]:
    """The four linear layers of one block by name; with grouped queries, keys and values are narrower than queries."""
    return _layers(model.hidden, model.intermediate, model.heads * model.head_size, model.key_value_heads * model.head_size)


@lru_cache(maxsize=64)  # asked for some hundred times by a plan that does not fit
def _layers(hidden: int, intermediate: int, queries: int, keys: int) -> Mapping[str, Layer]:
    return MappingProxyType({
        "qkv_proj": Layer(hidden, queries + 2 * keys),
        "o_proj": Layer(queries, hidden),
        "gate_up_proj": Layer(hidden, 2 * intermediate),
        "down_proj": Layer(intermediate, hidden),
    })  # fmt: skip


def linear_parameters(model: BaseModel) -> int:
    """Parameters of all blocks' linear layers."""
    return model.layers * sum(layer.weights for layer in linear_layers(model).values())


def input_numbers(model: BaseModel) -> int:
    """Inputs of one block's linear layers together."""
    return sum(layer.inputs for layer in linear_layers(model).values())


def output_numbers(model: BaseModel) -> int:
    """Outputs of one block's linear layers together."""
    return sum(layer.outputs for layer in linear_layers(model).values())


def embedding_parameters(model: BaseModel) -> int:
    """Parameters of the table that turns tokens into features; the output head has as many."""
    return model.vocabulary * model.hidden


def count_parameters(model: BaseModel) -> int:
    """All parameters: embedding, head unless tied, linear layers, two norms per block and the last norm."""
    tables = embedding_parameters(model) * (1 if model.tied_embeddings else 2)
    return tables + linear_parameters(model) + (2 * model.layers + 1) * model.hidden
