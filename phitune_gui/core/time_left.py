"""When a run will be done: its own steps, validations and checkpoints so far, times those that are left."""

from statistics import mean, median

from phitune_gui.core.run import Run
from phitune_gui.core.saving import closing_seconds, saving_seconds

WARM_UP_STEPS = 3
"""The first steps of a process are slow (caches, memory); they say nothing about the rest."""
RECENT_STEPS = 25


def seconds_left(run: Run) -> float | None:
    """Seconds until the end of training; None while nothing can be said.

    The middle of the newest steps' seconds per token, so that a hiccup does not count, for the tokens of an ordinary step.
    """
    steady = run.steps[max(WARM_UP_STEPS, len(run.steps) - RECENT_STEPS) :]
    if run.ended or not steady or not run.total_steps:
        return None
    left = max(run.total_steps - run.step, 0)
    each = median(step.seconds / max(1, step.tokens) for step in steady) * mean(max(1, step.tokens) for step in run.steps)
    judged, saved = (any(point.step == run.step for point in points) for points in (run.evaluations, run.checkpoints))
    judgings = _times_left(run, run.eval_steps, judged, and_last=True)
    savings = _times_left(run, run.save_steps, saved, and_last=False)
    return (
        each * left
        + judgings * run.judging_seconds
        + savings * (run.saving_seconds or saving_seconds(run.trainable_parameters))
        + closing_seconds(run.trainable_parameters)
    )


def _times_left(run: Run, every: int, done: bool, and_last: bool) -> int:
    """How often something that happens every so many steps, and perhaps after the last one, will happen still; `done` for the newest."""
    last, now = run.total_steps, max(run.step, 1)
    due = max(0, last // every - (now - 1) // every) if every else 0
    apart = and_last and not (every and last % every == 0)
    is_now = bool(every and now % every == 0) or (apart and now == last)
    return due + apart - (done and is_now)
