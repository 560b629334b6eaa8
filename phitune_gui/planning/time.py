"""How long a run may take: what it has to compute, times what that costs on this machine."""

from math import ceil
from typing import NamedTuple

from phitune_gui.catalog.base_models import work
from phitune_gui.catalog.base_models.shapes import linear_parameters
from phitune_gui.catalog.exports.sizes import weights_bytes
from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.calibration import Calibration, Speed
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.saving import closing_seconds, saving_seconds
from phitune_gui.planning.devices import kind_of, planned_dtype, technique_of, trains_on
from phitune_gui.planning.figures import Figures
from phitune_gui.planning.padding import padding

_ASSUMED = {"float32": 1 / 40e9, "bfloat16": 1 / 25e9}
"""Seconds per operation and core: what training in float32 reached on a 2023 server processor; without instructions of its own bfloat16
is slower, and where it is faster only a measurement knows.
"""
_ASSUMED_GPU = {"float32": 1 / 10e12, "bfloat16": 1 / 40e12}
"""Assumed for a middling graphics processor; nothing was measured on one."""
_UNPACKING = 5e-10
"""Seconds per 4-bit weight and pass, as measured on two such cores."""
_QUANTISING = 2e-8
"""Seconds per weight that is turned into 4 or 8 bits while loading: 9 s more for 453 million weights on two cores."""
_START_SECONDS = 8.0
_LOADING = 500e6
_SLOWEST_DISK = 1e5
_OPTIMIZER_SECONDS = 0.7e-9
"""AdamW, for each trained number; measured 1.4 ms for two million."""
_USUAL_LENGTH = 256


class Estimate(NamedTuple):
    """Seconds from Start to the end, and whether they rest on measurements of this machine."""

    seconds: float = 0.0
    measured: bool = False


class _Cost(NamedTuple):
    """One model on this machine in this number format: seconds of one forward pass for one token, one learned token, the pass itself."""

    token: float
    learned: float
    passing: float


def estimate(
    recipe: Recipe, model: BaseModel | None, report: DatasetReport | None, figures: Figures, hardware: Hardware
) -> Estimate:  # fmt: skip
    """Loading, every step, every validation, every checkpoint, the result; nothing while model or tokens are unknown."""
    if model is None or not model.layers or report is None or not figures.steps or not report.tokens:
        return Estimate()
    device = trains_on(hardware)
    like = kind_of(recipe, model, figures, hardware)
    known = hardware.calibration if device == "cpu" else None
    past = hardware.calibration.seconds_correction(like) if hardware.calibration else 1.0
    steps = figures.steps * step_seconds(recipe, model, report, figures, hardware) * past
    judging = _judging(recipe, model, report, figures, hardware) * _repeated(recipe, hardware)
    total = steps + judging * past + _saving(figures) + _loading(recipe, model, figures, known)
    return Estimate(total, bool(past != 1.0 or (known and known.speeds)))


def step_seconds(recipe: Recipe, model: BaseModel, report: DatasetReport, figures: Figures, hardware: Hardware) -> float:
    """Seconds of one optimizer step of ordinary rows, without what past runs have taught."""
    cost, technique = _cost(recipe, model, report, figures, hardware), technique_of(recipe)
    epoch = figures.steps_per_epoch
    here = 1 / recipe.launcher.nodes  # the share of this machine; the others compute theirs at the same time
    tokens = here * report.tokens / epoch * padding(report, recipe.training.micro_batch_size, recipe.data.max_length)
    passes = recipe.training.accumulation * recipe.launcher.processes
    back = work.BACK + recipe.training.gradient_checkpointing * work.RECOMPUTES + figures.trains_model * work.TRAINS_WEIGHTS
    units = work.FORWARD + back * figures.learning_layers / model.layers
    alike = tokens * technique.time_factor + passes * technique.time_per_pass
    computing = (
        units * (alike * cost.token + passes * cost.passing)
        + (work.FORWARD + work.BACK) * here * report.learned_tokens / epoch * cost.learned
    )
    return computing * _sharing(recipe, hardware) + figures.trainable * _OPTIMIZER_SECONDS


def time_range(seconds: float, measured: bool = False) -> tuple[float, float]:
    """What to show before the first step: assumptions are good to a factor of two, measurements to three tenths."""
    return (seconds * 0.8, seconds * 1.3) if measured else (seconds / 2, seconds * 2)


def _cost(recipe: Recipe, model: BaseModel, report: DatasetReport, figures: Figures, hardware: Hardware) -> _Cost:
    speed, unpacking = _speed(recipe, figures, hardware), 0.0
    length = min(report.lengths.p50 or _USUAL_LENGTH, recipe.data.max_length)
    token = work.operations(model, length) * speed.seconds_per_operation + work.elements(model) * speed.seconds_per_element
    if figures.quantisation is not None and trains_on(hardware) == "cpu":
        known = hardware.calibration.seconds_per_unpacked_weight if hardware.calibration else 0.0
        unpacking = linear_parameters(model) * (known or _UNPACKING)
    return _Cost(token, work.head_operations(model) * speed.seconds_per_operation, model.layers * speed.seconds_per_layer + unpacking)


def _speed(recipe: Recipe, figures: Figures, hardware: Hardware) -> Speed:
    dtype = planned_dtype(recipe, figures, hardware)
    if trains_on(hardware) == "cuda":
        return Speed(seconds_per_operation=_ASSUMED_GPU[dtype], seconds_per_element=0)
    cores = min(recipe.training.threads or hardware.physical_cores, max(1, hardware.logical_cores))
    known = hardware.calibration
    if known is None or dtype not in known.speeds:
        return Speed(seconds_per_operation=_ASSUMED[dtype] / cores, seconds_per_element=0)
    slower = max(1, known.cores) / cores
    measured = known.speeds[dtype]
    return Speed(
        seconds_per_operation=measured.seconds_per_operation * slower, seconds_per_element=measured.seconds_per_element * slower,
        seconds_per_layer=measured.seconds_per_layer,
    )  # fmt: skip


def _sharing(recipe: Recipe, hardware: Hardware) -> float:
    """Processes share the cores of one machine, so they gain nothing there; each GPU computes for itself."""
    factor = next((known.time_factor for known in LAUNCHERS if known.id == recipe.launcher.id), 1.0)
    return factor / min(recipe.launcher.processes, max(1, len(hardware.gpus)))


def _repeated(recipe: Recipe, hardware: Hardware) -> float:
    """How many times over one device does what every process does for itself: each judges all held-out rows."""
    return recipe.launcher.processes / min(recipe.launcher.processes, max(1, len(hardware.gpus)))


def _judging(recipe: Recipe, model: BaseModel, report: DatasetReport, figures: Figures, hardware: Hardware) -> float:
    """The held-out rows before the first step, at each validation and after the last step; rows of like length share a pass."""
    cost = _cost(recipe, model, report, figures, hardware)
    share = figures.validation_rows / max(1, figures.train_rows)
    evaluations = 1 + -(-figures.steps // figures.eval_steps)
    together = max(work.LEAST_JUDGED_TOKENS, recipe.training.micro_batch_size * figures.row_tokens)
    tokens, passes = share * report.tokens, ceil(share * report.tokens / together)
    return evaluations * work.FORWARD * (tokens * cost.token + share * report.learned_tokens * cost.learned + passes * cost.passing)


def _saving(figures: Figures) -> float:
    saves = figures.steps // figures.save_steps
    return saves * saving_seconds(figures.trainable) + closing_seconds(figures.trainable)


def _loading(recipe: Recipe, model: BaseModel, figures: Figures, known: Calibration | None) -> float:
    """Imports, then the files once for each process and once more for a technique that takes its start out of the model."""
    start = (known.start_seconds if known else 0.0) or _START_SECONDS
    read = known.loading_bytes_per_second if known is not None else 0.0
    speed = max(read, _SLOWEST_DISK) if read else _LOADING
    technique = technique_of(recipe)
    times = recipe.launcher.processes * (2 if technique.starts_inside_model else 1)
    speeds = known.speeds.values() if known is not None else ()
    per_operation = min((each.seconds_per_operation for each in speeds), default=_ASSUMED["float32"])
    begins = figures.start_tokens * work.operations(model, 0) * per_operation
    begins += linear_parameters(model) * _QUANTISING if figures.quantisation is not None else 0.0
    return start + times * weights_bytes(model, model.dtype) / speed + begins
