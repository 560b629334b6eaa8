"""How much memory what the layers keep for the backward pass takes."""

from typing import Any

from phitune_gui.catalog.base_models.shapes import input_numbers, linear_layers, linear_parameters, output_numbers
from phitune_gui.catalog.exports.sizes import dtype_bytes
from phitune_gui.catalog.techniques import Technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.devices import splits_layers, technique_of
from phitune_gui.planning.figures import Figures

_HOLES = {"float32": 1.55, "bfloat16": 1.75}
"""Resident over living bytes of activations with glibc, on rows of all lengths; measured 1.45 to 1.8, and 1.5 to 2.1 in bfloat16."""
_GPU_HOLES = 1.08
"""The same with torch's CUDA allocator: 5 to 10 % are reported; not measured here."""
_NUMBER = 4
"""Bytes of a float32 number."""


def activations(recipe: Recipe, model: BaseModel, dtype: str, tokens: int, figures: Figures, hardware: Hardware) -> int:
    """All tokens' activations, as the technique at work has them, and what it computes from the weights alone."""
    technique, weights, layer = technique_of(recipe), linear_parameters(model), kept_per_token(recipe, model, dtype, figures)
    if recipe.training.gradient_checkpointing:
        kept = model.layers * model.hidden * dtype_bytes(dtype)
        return tokens * (kept + layer) + round(technique.weight_copies * weights / model.layers * _NUMBER)
    holes = _GPU_HOLES if hardware.gpus else 1.0 if splits_layers(recipe) else _HOLES[dtype]
    whole = tokens * figures.learning_layers * layer * holes + technique.weight_copies * weights * _NUMBER
    return round(whole) + _whole_layer(model, technique)


def kept_per_token(recipe: Recipe, model: BaseModel, dtype: str, figures: Figures) -> int:
    """Bytes that one layer keeps of one token for the backward pass, with the recipe's technique at work in it."""
    technique, outputs = technique_of(recipe), output_numbers(model)
    kept = round(_of_layer(model, dtype) * technique.activation_factor) + round(outputs * technique.bytes_per_output)
    if not figures.drops_inputs:
        return kept
    return kept + _NUMBER * (input_numbers(model) + (outputs if technique.bytes_per_output else 0))


def _whole_layer(model: BaseModel, technique: Technique[Any]) -> int:
    """A technique that measures whole adapted weights holds the largest of them twice in float32."""
    largest = max(layer.weights for layer in linear_layers(model).values())
    return 2 * largest * _NUMBER if technique.bytes_per_output else 0


def _of_layer(model: BaseModel, dtype: str) -> int:
    """Bytes that one layer keeps per token for the backward pass, with float32 adapters on all four linear layers.

    With gradient checkpointing each layer keeps only its input, and one layer at a time is computed again in full; freed memory
    then returns to the system at once, as it does when layers are split. Else the allocator keeps holes between what is alive.
    """
    return 44 * model.hidden + 16 * model.intermediate if dtype == "float32" else 32 * model.hidden + 10 * model.intermediate
