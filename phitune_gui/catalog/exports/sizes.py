"""How large exports and models become in bytes: closed formulas, each checked against a measured file."""

from phitune_gui.catalog.base_models.shapes import count_parameters, embedding_parameters, linear_layers, linear_parameters
from phitune_gui.core.base_model import BaseModel

DTYPE_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
LIBRARIES_BYTES = 500_000_000
"""Python with torch and transformers loaded, before any weight (measured 488 MB)."""
_GRAPH_BYTES = 4_000_000
"""Graph, tokenizer and settings beside the weights."""
_INT4 = 4 / 8 + 4 / 32
"""Bytes per weight: 4 bits, and one float32 scale per block of 32."""
_INT8 = 8 / 8 + 4 / 32


def parameters(model: BaseModel) -> int:
    """The model's parameters as counted in its files, else from its sizes."""
    return model.parameters or (count_parameters(model) if model.layers else 0)


def dtype_bytes(dtype: str) -> int:
    """Bytes per parameter; formats that PhiTune does not know count as float32."""
    return DTYPE_BYTES.get(dtype, 4)


def weights_bytes(model: BaseModel, dtype: str) -> int:
    """All weights in one number format."""
    return parameters(model) * dtype_bytes(dtype)


def int4_bytes(model: BaseModel) -> int:
    """The `k_quant` mix: linear layers at 4 bits, but `qkv_proj` and `down_proj` of half the layers and the head at 8 bits.

    The embedding shares the head's 8 bits when tied and is float32 when not. Starter: 113 MB measured and by this formula.
    """
    layers = linear_layers(model)
    wider = model.layers / 2 * (layers["qkv_proj"].weights + layers["down_proj"].weights) * (_INT8 - _INT4)
    embedding = 0 if model.tied_embeddings else 4 * embedding_parameters(model)
    return round(linear_parameters(model) * _INT4 + wider + embedding_parameters(model) * _INT8 + embedding) + _GRAPH_BYTES


def int8_bytes(model: BaseModel) -> int:
    """Linear layers and head at 8 bits, the embedding in float32. Starter: 267 MB measured, 269 MB by this formula."""
    return round((linear_parameters(model) + embedding_parameters(model)) * _INT8 + 4 * embedding_parameters(model)) + _GRAPH_BYTES


def float32_bytes(model: BaseModel) -> int:
    """Every weight in float32, with a tied head counted once more: the most it can be."""
    tied = 4 * embedding_parameters(model) if model.tied_embeddings else 0
    return weights_bytes(model, "float32") + tied + _GRAPH_BYTES


def merge_memory(model: BaseModel) -> int:
    """Merging holds the model once in float32."""
    return weights_bytes(model, "float32") + LIBRARIES_BYTES


def builder_memory(model: BaseModel, bytes_per_parameter: float) -> int:
    """Peak of the model builder: 3.5 bytes per parameter at float32, 9 at int8, 11 with `k_quant` (measured on 1.1 billion).

    Never below what the merge before it needs.
    """
    return max(round(parameters(model) * bytes_per_parameter) + LIBRARIES_BYTES, merge_memory(model))
