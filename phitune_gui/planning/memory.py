"""How much memory training will need at its peak, part by part, from closed formulas."""

from phitune_gui.catalog.base_models.shapes import linear_layers, linear_parameters
from phitune_gui.catalog.exports.sizes import LIBRARIES_BYTES, dtype_bytes, parameters, weights_bytes
from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import MemoryPlan
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.figures import Figures

_TRAINED_BYTES = 4
"""Trained weights and their gradients are float32; AdamW keeps two more float32 numbers per trained parameter."""
_HOLES = 1.6
"""Resident over living bytes of activations; measured between 1.5 and 1.7 with glibc from 3 to 6 GB."""
_LOGIT_BYTES = 8
_LOGIT_POSITIONS = 256
"""The engine multiplies the vocabulary piece by piece: logits and their gradient exist for this many positions at once."""


def plan_memory(recipe: Recipe, model: BaseModel | None, figures: Figures, hardware: Hardware) -> MemoryPlan:
    """Predicted peak bytes by part, for training on the CPU with one row length for the whole micro-batch.

    Number format `auto` is planned as float32, the most it can become. The batch is planned at its longest row, because the
    peak comes with it. Checked against the resident peak of real runs: tests/benchmarks/test_memory_plan.py.
    """
    available = hardware.available_memory_bytes
    if model is None or not model.layers:
        return MemoryPlan(available_bytes=available)
    tokens = recipe.training.micro_batch_size * figures.row_tokens
    parts = {
        "weights": _weights(model, planned_dtype(recipe, figures), figures.quantisation),
        "adapter": 0 if figures.trains_model else figures.trainable * _TRAINED_BYTES,
        "gradients": figures.trainable * _TRAINED_BYTES,
        "optimizer": figures.trainable * (2 + figures.extra_numbers) * _TRAINED_BYTES,
        "activations": tokens * _activations_per_token(recipe, model, planned_dtype(recipe, figures)),
        "logits": min(tokens, _LOGIT_POSITIONS) * model.vocabulary * _LOGIT_BYTES,
        "overhead": LIBRARIES_BYTES,
    }
    parts = {name: size * _processes(recipe) for name, size in parts.items()}
    return MemoryPlan(device="cpu", parts=parts, total_bytes=sum(parts.values()), available_bytes=available)


def _processes(recipe: Recipe) -> int:
    """How many hold the model at once; on a CPU all of them share the memory of the machine."""
    several = any(known.several for known in LAUNCHERS if known.id == recipe.launcher.id)
    return recipe.launcher.processes if several else 1


def _weights(model: BaseModel, dtype: str, quantisation: Quantisation | None) -> int:
    """All weights; quantised are the linear layers, of which the largest exists unpacked as well, one at a time."""
    if quantisation is None:
        return weights_bytes(model, dtype)
    linear = linear_parameters(model)
    unpacked = max(layer.weights for layer in linear_layers(model).values())
    return round(linear * quantisation.bytes_per_weight) + (parameters(model) - linear + unpacked) * dtype_bytes(dtype)


def planned_dtype(recipe: Recipe, figures: Figures) -> str:
    """The number format that the model's weights are planned in; those that are trained themselves are float32."""
    return "float32" if figures.trains_model or recipe.training.dtype == "auto" else recipe.training.dtype


def _activations_per_token(recipe: Recipe, model: BaseModel, dtype: str) -> int:
    """Bytes kept per token for the backward pass, over all layers, with float32 adapters on all four linear layers.

    With gradient checkpointing each layer keeps only its input, and one layer at a time is computed again in full; freed memory
    then returns to the system at once. Without it the allocator keeps holes between what is alive.
    """
    layer = 44 * model.hidden + 16 * model.intermediate if dtype == "float32" else 32 * model.hidden + 10 * model.intermediate
    if recipe.training.gradient_checkpointing:
        return model.layers * model.hidden * dtype_bytes(dtype) + layer
    return round(model.layers * layer * _HOLES)
