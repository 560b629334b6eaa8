"""How much memory training will need at its peak, part by part, from closed formulas."""

from phitune_gui.catalog.exports.sizes import LIBRARIES_BYTES, dtype_bytes, weights_bytes
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import MemoryPlan
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.figures import Figures

_ADAPTER_BYTES = 4
"""Adapters and their gradients are float32; AdamW keeps two more float32 numbers per trained parameter."""
_LOGIT_BYTES = 8
_LOGIT_POSITIONS = 256
"""The engine multiplies the vocabulary piece by piece: logits and their gradient exist for this many positions at once."""


def plan_memory(recipe: Recipe, model: BaseModel | None, figures: Figures, hardware: Hardware) -> MemoryPlan:
    """Predicted peak bytes by part, for training on the CPU with one row length for the whole micro-batch.

    Number format `auto` is planned as float32, the most it can become. The batch is planned at its longest row, because the
    peak comes with it. Formulas were checked against the allocator's peak (-7 % to +16 %); what the system shows for the
    process may lie above, because freed memory is not returned at once.
    """
    available = hardware.available_memory_bytes
    if model is None or not model.layers:
        return MemoryPlan(available_bytes=available)
    tokens = recipe.training.micro_batch_size * figures.row_tokens
    parts = {
        "weights": weights_bytes(model, frozen_dtype(recipe)),
        "adapter": figures.trainable * _ADAPTER_BYTES,
        "gradients": figures.trainable * _ADAPTER_BYTES,
        "optimizer": figures.trainable * 2 * _ADAPTER_BYTES,
        "activations": tokens * _activations_per_token(recipe, model),
        "logits": min(tokens, _LOGIT_POSITIONS) * model.vocabulary * _LOGIT_BYTES,
        "overhead": LIBRARIES_BYTES,
    }
    return MemoryPlan(device="cpu", parts=parts, total_bytes=sum(parts.values()), available_bytes=available)


def frozen_dtype(recipe: Recipe) -> str:
    """The number format that the frozen weights are planned in."""
    return "float32" if recipe.training.dtype == "auto" else recipe.training.dtype


def _activations_per_token(recipe: Recipe, model: BaseModel) -> int:
    """Bytes kept per token for the backward pass, over all layers, with float32 adapters on all four linear layers.

    With gradient checkpointing each layer keeps only its input, and one layer at a time is computed again in full.
    """
    dtype = frozen_dtype(recipe)
    layer = 44 * model.hidden + 16 * model.intermediate if dtype == "float32" else 32 * model.hidden + 10 * model.intermediate
    if recipe.training.gradient_checkpointing:
        return model.layers * model.hidden * dtype_bytes(dtype) + layer
    return model.layers * layer
