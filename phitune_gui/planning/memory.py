"""How much memory training will need at its peak, part by part, from closed formulas."""

from phitune_gui.catalog.base_models.shapes import linear_layers, linear_parameters
from phitune_gui.catalog.exports.sizes import LIBRARIES_BYTES, dtype_bytes, parameters, weights_bytes
from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import MemoryPlan
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.activations import activations
from phitune_gui.planning.devices import kind_of, planned_dtype, splits_layers, trains_on
from phitune_gui.planning.figures import Figures
from phitune_gui.planning.split_layers import loading_bytes, split_weights
from phitune_gui.planning.zero_memory import zero3_loading_bytes, zero3_weights, zero_parts

PART_LABELS = {
    "weights": "Weights", "adapter": "Adapter", "gradients": "Gradients", "optimizer": "Optimizer", "activations": "Activations",
    "logits": "Logits", "overhead": "Libraries", "borrowed": "Borrowed layers", "loading": "Loading",
}  # fmt: skip
"""The parts of a memory plan as people read them."""
COMFORTABLE = 0.85
"""Share of the free memory that a run may need before it is in danger from other programs that need more."""
_TRAINED_BYTES = 4
"""Trained weights and their gradients are float32; AdamW keeps two more float32 numbers per trained parameter."""
_CUDA_CONTEXT_BYTES = 500_000_000
_LOGIT_BYTES = 8
_LOGIT_POSITIONS = 256
"""The engine multiplies the vocabulary piece by piece: logits and their gradient exist for this many positions at once, and where
training has fewer, held-out rows have as many.
"""


def plan_memory(recipe: Recipe, model: BaseModel | None, figures: Figures, hardware: Hardware) -> MemoryPlan:
    """Predicted peak bytes by part, of the fullest device, with one row length for the whole micro-batch.

    Number format `auto` is planned as float32, the most it can become. The batch is planned at its longest row, because the
    peak comes with it. Checked against the resident peak of real runs: tests/benchmarks/test_memory_plan.py.
    """
    device, processes = trains_on(hardware), _processes(recipe)
    used = hardware.gpus[:processes]
    available = min((gpu.available_bytes for gpu in used), default=hardware.available_memory_bytes)
    if model is None or not model.layers:
        return MemoryPlan(device=device, available_bytes=available)
    here = -(-processes // len(used)) if used else processes
    parts = _parts(recipe, model, figures, hardware, here)
    ram = processes * _passing_ram(recipe, model, figures, hardware) if used else 0
    return MemoryPlan(
        device=device, parts=parts, total_bytes=sum(parts.values()), available_bytes=available, ram_bytes=ram,
        ram_available_bytes=hardware.available_memory_bytes if used else 0,
    )  # fmt: skip


def _passing_ram(recipe: Recipe, model: BaseModel, figures: Figures, hardware: Hardware) -> int:
    """What one process needs of the machine's own memory: the whole model, but quantised weights go to the GPU one layer at a time."""
    if figures.quantisation is None:
        return weights_bytes(model, planned_dtype(recipe, figures, hardware)) + LIBRARIES_BYTES
    return max(layer.weights for layer in linear_layers(model).values()) * _TRAINED_BYTES + LIBRARIES_BYTES


def _parts(recipe: Recipe, model: BaseModel, figures: Figures, hardware: Hardware, processes: int) -> dict[str, int]:
    """Of so many processes that share one memory."""
    tokens, dtype = recipe.training.micro_batch_size * figures.row_tokens, planned_dtype(recipe, figures, hardware)
    weights = _weights(model, dtype, figures.quantisation)
    known = hardware.calibration
    past = known.memory_correction(kind_of(recipe, model, figures, hardware)) if known else 1.0
    parts = {
        "adapter": 0 if figures.trains_model else figures.trainable * _TRAINED_BYTES,
        "gradients": figures.trainable * _TRAINED_BYTES,
        "optimizer": figures.trainable * (2 + figures.extra_numbers) * _TRAINED_BYTES,
        "activations": round(past * activations(recipe, model, dtype, tokens, figures, hardware)),
        "logits": _LOGIT_POSITIONS * model.vocabulary * _LOGIT_BYTES,
        "overhead": _CUDA_CONTEXT_BYTES if hardware.gpus else LIBRARIES_BYTES,
    }
    everywhere = recipe.launcher.all_processes
    stage = next((known.zero_stage for known in LAUNCHERS if known.id == recipe.launcher.id), None)
    split = zero3_weights if stage == 3 else split_weights
    held = split(model, dtype, processes, everywhere) if splits_layers(recipe) else {"weights": weights * processes}
    parts = {**held, **{name: size * processes for name, size in parts.items()}}
    if stage is not None:
        parts |= zero_parts(stage, figures.trainable, processes, everywhere)
    if splits_layers(recipe):
        last = zero3_loading_bytes if stage == 3 else loading_bytes
        loading = last(model, dtype, processes, everywhere) + parts["overhead"]
        parts["loading"] = max(0, loading - sum(parts.values()))
    return parts


def _processes(recipe: Recipe) -> int:
    """How many hold the model at once; on a CPU all of them share the memory of the machine."""
    several = any(known.several for known in LAUNCHERS if known.id == recipe.launcher.id)
    return recipe.launcher.processes if several else 1


def _weights(model: BaseModel, dtype: str, quantisation: Quantisation | None) -> int:
    """All weights; quantised are the linear layers, of which the largest exists unpacked as well, one at a time.

    Quantising leaves about as much again between the packed ones: after loading four layers as wide as Phi-3-mini, 1.23 GB were taken,
    1.13 of them by weights and libraries.
    """
    if quantisation is None:
        return weights_bytes(model, dtype)
    linear = linear_parameters(model)
    unpacked = max(layer.weights for layer in linear_layers(model).values())
    return round(linear * quantisation.bytes_per_weight) + (parameters(model) - linear + 2 * unpacked) * dtype_bytes(dtype)
