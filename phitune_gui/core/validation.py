"""What the held-out rows say about a whole run: whether it went on for too long."""

from phitune_gui.core.run import Evaluation, Run

NOISE = 0.02
"""Share by which the last validation loss may lie above the best one without meaning anything."""

NOTHING = 0.002
"""Share by which it must fall before anything was learned."""


def judgement(run: Run) -> str:
    """Advice about an ended run whose kept adapter is worse than an earlier step, or no better than the untuned model; else empty."""
    return went_too_far(run) or learned_nothing(run)


def went_too_far(run: Run) -> str:
    """Advice about a run whose kept adapter judges worse than an earlier step did; empty when there is nothing to say."""
    best, last = run.best_evaluation, run.last_evaluation
    if best is None or last is None or run.state not in ("finished", "stopped") or last.loss <= best.loss * (1 + NOISE):
        return ""
    kept = f"The kept adapter is that of the last step ({run.step}), and its validation loss of {last.loss:.3f} is worse than"
    if best.step == 0:
        return f"{kept} the untuned model's {best.loss:.3f}: lower the learning rate (training.learning_rate), or add rows."
    return (
        f"{kept} the {best.loss:.3f} of step {best.step}: since then the model has learned its rows by heart, "
        f"so shorten the run to about there ({_shorter(run, best)})."
    )


def learned_nothing(run: Run) -> str:
    """Advice about a run after which held-out rows are judged as before it; empty when there is nothing to say."""
    first = next((point for point in run.evaluations if point.step == 0), None)
    last = run.last_evaluation
    if first is None or last is None or last.step == 0 or run.state not in ("finished", "stopped"):
        return ""
    if not first.loss * (1 - NOTHING) <= last.loss <= first.loss * (1 + NOISE):
        return ""
    return (
        f"Nothing was learned that shows on held-out rows: their loss was {first.loss:.3f} before the first step and is {last.loss:.3f}"
        f" after step {last.step}. Train longer (training.epochs), or raise the learning rate (training.learning_rate)."
    )


def _shorter(run: Run, best: Evaluation) -> str:
    epoch = next((step.epoch for step in run.steps if step.step == best.step), 0.0)
    return f"training.epochs={epoch:.2g}" if epoch else f"training.max_steps={best.step}"
