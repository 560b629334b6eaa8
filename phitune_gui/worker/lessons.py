"""Makes plans better by what happened: keeps a calibration, and compares each attempt with what was predicted for it."""

import logging
from statistics import median

from phitune_gui.core.calibration import Calibration, PastRun
from phitune_gui.core.events import JobFinished
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.job import TrainJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.run import Run
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.planning.devices import kind_of
from phitune_gui.planning.figures import count
from phitune_gui.planning.memory import plan_memory
from phitune_gui.planning.time import step_seconds
from phitune_gui.store.calibrations import save_calibration
from phitune_gui.store.paths import home

_WARM_UP = 1
_LEAST_STEPS = 3
_LEAST_SECONDS = 0.1
"""Shorter steps are mostly not computing but the way there, which says nothing about larger models."""
_LEAST_SHARE = 0.2
"""Where activations are a smaller share of the memory, the rest of it drowns what they really took."""
_MOST_OTHERS = 0.1
"""Of all the processors' time, what other programs may take; beyond that steps take longer than they will when the machine is quiet."""
_log = logging.getLogger(__name__)


def keep_measured(done: JobFinished) -> JobFinished:
    """Keep a new calibration, and pass it on; what past runs taught was in terms of the old one, so it goes.

    A calibration that was stopped changes nothing. Raises CannotStart or OSError.
    """
    if not done.stopped_early:
        save_calibration(Calibration.model_validate(done.results), probe_hardware(home()))
    return done


def learn_from(job: TrainJob, run: Run) -> None:
    """Fold an ended attempt into the calibration; too short a one teaches nothing, and a full disk only costs the lesson.

    One that other programs disturbed teaches about memory only.
    """
    if len(run.steps) < _LEAST_STEPS or run.dataset is None or job.recipe.launcher.all_processes > 1:
        return  # of several processes only the first one's memory is known
    if _middle(run) < _LEAST_SECONDS:
        return
    try:
        hardware = probe_hardware(home())
        known = hardware.calibration or Calibration()
        save_calibration(known.with_run(_lesson(job, run, hardware)), hardware)
    except (CannotStart, OSError) as error:
        _log.warning("What this run took could not be kept for later plans: %s", error)


def _lesson(job: TrainJob, run: Run, hardware: Hardware) -> PastRun:
    """The same prediction that the plan made, but without corrections, against what was seen."""
    assert run.dataset is not None
    plain = hardware.model_copy(update={"calibration": known.without_runs() if (known := hardware.calibration) else None})
    recipe = job.recipe
    training = recipe.training if recipe.training.dtype != "auto" else recipe.training.model_copy(update={"dtype": run.dtype})
    recipe = recipe.model_copy(update={"training": training})
    figures = count(recipe, job.base_model, run.dataset)
    memory = plan_memory(recipe, job.base_model, figures, plain)
    tokens = sum(step.tokens for step in run.steps) / len(run.steps)
    expected = step_seconds(recipe, job.base_model, run.dataset, figures, plain) * tokens * figures.steps_per_epoch / run.dataset.tokens
    seconds_ratio = 0.0 if memory.device == "cpu" and _is_disturbed(run, hardware.logical_cores) else _middle(run) / expected
    return kind_of(recipe, job.base_model, figures, plain).model_copy(
        update={"seconds_ratio": seconds_ratio, "memory_ratio": _memory_ratio(memory.parts, memory.device, run.peak_bytes)}
    )


def _middle(run: Run) -> float:
    """Seconds of an ordinary step; the first one of a process is slow."""
    return median(step.seconds for step in run.steps[_WARM_UP:])


def _is_disturbed(run: Run, cores: int) -> bool:
    """Whether other programs loaded the machine while its processors made the steps, so that these say nothing about other times."""
    steps = run.steps[_WARM_UP:]
    return sum(step.other_programs_seconds for step in steps) > _MOST_OTHERS * cores * sum(step.seconds for step in steps)


def _memory_ratio(parts: dict[str, int], device: str, peak: int) -> float:
    """Seen over predicted activations; 0, not known, for a GPU, whose memory is not measured yet, and where they weigh little."""
    activations, total = parts.get("activations", 0), sum(parts.values())
    if device != "cpu" or not peak or activations < _LEAST_SHARE * total:
        return 0.0
    return max(0.0, (peak - (total - activations)) / activations)
