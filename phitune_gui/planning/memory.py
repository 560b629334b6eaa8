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
from phitune_gui.planning.split_layers import loading_bytes, split_weights

PART_LABELS = {
    "weights": "Weights", "adapter": "Adapter", "gradients": "Gradients", "optimizer": "Optimizer", "activations": "Activations",
    "logits": "Logits", "overhead": "Libraries", "borrowed": "Borrowed layers", "loading": "Loading",
}  # fmt: skip
"""The parts of a memory plan as people read them."""
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
    tokens, dtype = recipe.training.micro_batch_size * figures.row_tokens, planned_dtype(recipe, figures)
    weights = _weights(model, dtype, figures.quantisation)
    parts = {
        "adapter": 0 if figures.trains_model else figures.trainable * _TRAINED_BYTES,
        "gradients": figures.trainable * _TRAINED_BYTES,
        "optimizer": figures.trainable * (2 + figures.extra_numbers) * _TRAINED_BYTES,
        "activations": tokens * _activations_per_token(recipe, model, dtype),
        "logits": min(tokens, _LOGIT_POSITIONS) * model.vocabulary * _LOGIT_BYTES,
        "overhead": LIBRARIES_BYTES,
    }
    processes = _processes(recipe)
    held = split_weights(model, dtype, processes, recipe.launcher.all_processes) if _splits(recipe) else {"weights": weights * processes}
    parts = {**held, **{name: size * processes for name, size in parts.items()}}
    if _splits(recipe):
        loading = loading_bytes(model, dtype, processes, recipe.launcher.all_processes) + parts["overhead"]
        parts["loading"] = max(0, loading - sum(parts.values()))
    return MemoryPlan(device="cpu", parts=parts, total_bytes=sum(parts.values()), available_bytes=available)


def _splits(recipe: Recipe) -> bool:
    """Whether the processes share the layers of one model."""
    return any(known.splits_layers for known in LAUNCHERS if known.id == recipe.launcher.id)


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
    then returns to the system at once, as it does when layers are split. Else the allocator keeps holes between what is alive.
    """
    layer = 44 * model.hidden + 16 * model.intermediate if dtype == "float32" else 32 * model.hidden + 10 * model.intermediate
    if recipe.training.gradient_checkpointing:
        return model.layers * model.hidden * dtype_bytes(dtype) + layer
    return round(model.layers * layer * (1 if _splits(recipe) else _HOLES))
