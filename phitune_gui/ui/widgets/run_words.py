"""A run said in words: its state, its stage, how far it is and when it will be done."""

from PySide6.QtCore import QCoreApplication

from phitune_gui.core.invitation import read_invitations
from phitune_gui.core.plan import Plan
from phitune_gui.core.run import Run
from phitune_gui.core.time_left import seconds_left
from phitune_gui.ui.translation import plural
from phitune_gui.ui.widgets.amounts import estimate_text
from phitune_gui.ui.widgets.figures import count_text, seconds_text


def _tr(text: str) -> str:
    return QCoreApplication.translate("RunWords", text)


def state_text(run: Run) -> str:
    """One word for the state."""
    if run.imported is not None:
        return _tr("imported")
    if run.is_waiting:
        return _tr("waiting")
    return {
        "queued": _tr("waiting"),
        "starting": _tr("starting"),
        "running": _tr("running"),
        "paused": _tr("paused"),
        "stopping": _tr("stopping"),
        "finished": _tr("finished"),
        "stopped": _tr("stopped"),
        "failed": _tr("failed"),
    }[run.state]


def stage_text(stage: str) -> str:
    """What the worker is doing now, as the beginning of a sentence."""
    return {
        "starting": _tr("Starting the worker"),
        "waiting": _tr("Waiting for the other machines"),
        "fetching": _tr("Fetching"),
        "loading": _tr("Loading the model"),
        "tokenizing": _tr("Reading the rows"),
        "training": _tr("Training"),
        "evaluating": _tr("Judging the held-out rows"),
        "saving": _tr("Saving"),
        "merging": _tr("Merging the adapter into the model"),
        "building": _tr("Building the ONNX model"),
        "verifying": _tr("Checking"),
        "ready": _tr("Ready"),
    }.get(stage, _tr("Working"))


def doing_text(run: Run) -> str:
    """What the worker is doing now, and for whom it waits; as the beginning of a sentence."""
    if not run.is_waiting:
        return stage_text(run.stage)
    if count := len(read_invitations(run.stage_detail)):
        return plural(_tr("Waiting for {count} other machine to join"), _tr("Waiting for {count} other machines to join"), count)
    return _tr("Waiting for {what}").format(what=run.stage_detail) if run.stage_detail else stage_text(run.stage)


def ready_text(plan: Plan) -> str:
    """What Start would do, before anything was trained."""
    rows, steps = count_text(plan.train_rows), count_text(plan.steps)
    parts = [_tr("{rows} rows to learn from, {steps} steps.").format(rows=rows, steps=steps)]
    if plan.time_seconds:
        parts.append(_tr("About {time} on this machine.").format(time=estimate_text(plan.time_seconds, plan.time_measured)))
    return " ".join([*parts, _tr("The loss appears here as the model learns.")])


def progress_text(run: Run, train_on: str) -> str:
    """The quiet line of the Train page while a run is alive."""
    if run.state in ("queued", "starting") or run.is_waiting or not run.steps:
        told = "" if run.is_waiting else run.stage_detail
        return doing_text(run) + (f" · {told}" if told else " …")
    parts = [_tr("Step {step} of {total}").format(step=count_text(run.step), total=count_text(run.total_steps))]
    left = seconds_left(run)
    if run.state == "stopping":
        parts.append(_tr("finishing the step and saving"))
    elif run.stage in ("evaluating", "saving"):
        parts.append(stage_text(run.stage).lower())
    elif left is not None:
        parts.append(_tr("{time} left").format(time=seconds_text(left)))
    parts.append(_tr("learning from answers only") if train_on == "answers" else _tr("learning from everything"))
    return " · ".join(parts)


def kept_text(run: Run) -> str:
    """What an ended run left behind, in one sentence."""
    steps = count_text(run.step)
    best = run.best_evaluation
    judged = _tr("Best validation loss {loss:.2f} at step {step}.").format(loss=best.loss, step=best.step) if best else ""
    if run.state == "finished":
        return " ".join((_tr("All {steps} steps are done and the adapter is kept.").format(steps=steps), judged)).strip()
    newest = run.checkpoints[-1].step if run.checkpoints else 0
    kept = _tr("The state of step {step} is kept.").format(step=count_text(newest)) if newest else _tr("No checkpoint was kept.")
    if run.artifacts.get("adapter"):
        kept = _tr("The adapter of step {step} is kept.").format(step=steps)
    return " ".join((_tr("Ended after step {step}.").format(step=steps), kept, judged)).strip()
