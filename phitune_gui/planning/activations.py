"""How much memory what the layers keep for the backward pass takes."""

from phitune_gui.catalog.base_models.shapes import input_numbers, linear_parameters, output_numbers
from phitune_gui.catalog.exports.sizes import dtype_bytes
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
    """All tokens' activations, as the technique at work has them, and what it computes from the weights alone.

    One layer more than are kept is at work on the way back, with the gradients of what it kept.
    """
    technique, layer = technique_of(recipe), kept_per_token(recipe, model, dtype, figures)
    copies, apart = technique.weight_copies * linear_parameters(model) * _NUMBER, outputs_apart(recipe, model, dtype)
    if recipe.training.gradient_checkpointing:
        kept = model.layers * model.hidden * dtype_bytes(dtype)
        return tokens * (kept + layer + apart) + round(copies / model.layers)
    holes = _GPU_HOLES if hardware.gpus else 1.0 if splits_layers(recipe) else _HOLES[dtype]
    return round(tokens * ((figures.learning_layers + 1) * layer * holes + figures.learning_layers * apart) + copies)


def kept_per_token(recipe: Recipe, model: BaseModel, dtype: str, figures: Figures) -> int:
    """Bytes that one layer keeps of one token for the backward pass, without those of `outputs_apart`."""
    kept = round(_of_layer(model, dtype) * technique_of(recipe).activation_factor)
    if not figures.drops_inputs:
        return kept
    again = output_numbers(model) if technique_of(recipe).keeps_outputs and dtype != "float32" else 0
    return kept + _NUMBER * (input_numbers(model) + again)


def outputs_apart(recipe: Recipe, model: BaseModel, dtype: str) -> int:
    """Bytes that one layer keeps of one token beside that, for a technique that keeps outputs: in float32 and in the model's format.

    They lie in large pieces, which leave no holes.
    """
    return output_numbers(model) * (_NUMBER + dtype_bytes(dtype)) if technique_of(recipe).keeps_outputs else 0


def _of_layer(model: BaseModel, dtype: str) -> int:
    """Bytes that one layer keeps per token for the backward pass, with float32 adapters on all four linear layers.

    With gradient checkpointing each layer keeps only its input, and one layer at a time is computed again in full; freed memory
    then returns to the system at once, as it does when layers are split. Else the allocator keeps holes between what is alive.
    """
    return 44 * model.hidden + 16 * model.intermediate if dtype == "float32" else 32 * model.hidden + 10 * model.intermediate
