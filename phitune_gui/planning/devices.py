"""Where a run computes, and in which number format its frozen weights are planned."""

from typing import Any, Literal

from phitune_gui.catalog.exports.sizes import parameters
from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.techniques import TECHNIQUES, Technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.calibration import PastRun
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.figures import Figures

Device = Literal["cpu", "cuda"]
_CLEARLY_FASTER = 1.7
"""The worker chooses bfloat16 from 1.3 on, by a measurement of its own; well above that both come to the same."""


def trains_on(hardware: Hardware) -> Device:
    """The first graphics processor where there is one."""
    return "cuda" if hardware.gpus else "cpu"


def planned_dtype(recipe: Recipe, figures: Figures, hardware: Hardware) -> str:
    """Weights that are trained themselves are float32. `auto` is planned as float32, the most it can become, unless it is known."""
    if figures.trains_model:
        return "float32"
    if recipe.training.dtype != "auto":
        return recipe.training.dtype
    if hardware.gpus:
        return "bfloat16" if all(gpu.has_bfloat16 for gpu in hardware.gpus) else "float32"
    known = hardware.calibration
    return "bfloat16" if known and known.bfloat16_speed_up >= _CLEARLY_FASTER else "float32"


def kind_of(recipe: Recipe, model: BaseModel, figures: Figures, hardware: Hardware) -> PastRun:
    """What past runs must be like to teach anything about this one."""
    return PastRun(
        technique=recipe.technique.id, dtype=planned_dtype(recipe, figures, hardware), device=trains_on(hardware),
        checkpointing=recipe.training.gradient_checkpointing, parameters=max(1, parameters(model)),
    )  # fmt: skip


def technique_of(recipe: Recipe) -> Technique[Any]:
    """The recipe's technique; the first of the catalog where its name is unknown, which a check says."""
    return next((known for known in TECHNIQUES if known.id == recipe.technique.id), TECHNIQUES[0])


def splits_layers(recipe: Recipe) -> bool:
    """Whether the processes share the layers of one model."""
    return any(known.splits_layers for known in LAUNCHERS if known.id == recipe.launcher.id)
