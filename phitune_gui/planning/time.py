"""How long a run may take, guessed from parameters and tokens before the first step was measured."""

from phitune_gui.catalog.exports.sizes import parameters
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.figures import Figures

_OPERATIONS_PER_CORE_SECOND = 40e9
"""Assumed: what training in float32 reached on one core of a 2023 server processor (85e9 for bare matrix products)."""
_PASSES_FROZEN = 4
"""Operations per parameter and token: 2 forward, 2 backward; frozen weights need no gradient of their own."""
_PASSES_RECOMPUTING = 2
_PASSES_OWN_GRADIENT = 2
_PASSES_JUDGING = 2
_PADDING = 1.15
"""Rows of one micro-batch are filled up to the longest; assumed to add this much."""
_LOADING_SECONDS = 15.0
_LOADING_BYTES_PER_SECOND = 500e6


def estimate_seconds(
    recipe: Recipe, model: BaseModel | None, report: DatasetReport | None, figures: Figures, hardware: Hardware
) -> float:  # fmt: skip
    """Seconds from Start to the end: loading, every step, every validation. 0 when nothing is known; expect half to twice of it."""
    if model is None or report is None or not figures.steps or not report.tokens:
        return 0.0
    size = parameters(model)
    tokens = report.tokens * _PADDING * figures.steps / figures.steps_per_epoch
    passes = _PASSES_FROZEN + recipe.training.gradient_checkpointing * _PASSES_RECOMPUTING + figures.trains_model * _PASSES_OWN_GRADIENT
    evaluations = 1 + figures.steps // figures.eval_steps
    judged = evaluations * figures.validation_rows * report.tokens / max(1, figures.train_rows)
    cores = min(recipe.training.threads or hardware.physical_cores, max(1, hardware.logical_cores))
    operations = size * (passes * tokens + _PASSES_JUDGING * judged)
    loading = _LOADING_SECONDS + 4 * size / _LOADING_BYTES_PER_SECOND
    return loading + operations / (cores * _OPERATIONS_PER_CORE_SECOND)


def time_range(seconds: float) -> tuple[float, float]:
    """What to show before the first step: the estimate is good to a factor of two, not more."""
    return seconds / 2, seconds * 2
