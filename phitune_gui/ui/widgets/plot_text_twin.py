"""The loss plot in words: the same facts for a screen reader, and for anyone who prefers to read."""

import math

from PySide6.QtCore import QCoreApplication

from phitune_gui.core.run import Run
from phitune_gui.ui.widgets.figures import count_text, number_text, short_seconds_text
from phitune_gui.ui.widgets.loss_series import Axis, LossSeries

ROWS = 12
"""Steps that the table of the twin shows at most, evenly spread."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("PlotTextTwin", text)


def plot_summary(run: Run, gaps: int | None = None) -> str:
    """A few sentences: how far, how the loss moved, validation, gaps (counted here unless they are known)."""
    if not run.steps:
        return _tr("Loss chart. No step is logged yet.")
    first = next((step for step in run.steps if math.isfinite(step.loss)), None)
    last = next((step for step in reversed(run.steps) if math.isfinite(step.loss)), None)
    said = [_tr("Loss chart, step {step} of {total}.").format(step=count_text(run.step), total=count_text(run.total_steps))]
    if first and last:
        said.append(_moved(first.loss, last.loss, first.step, last.step))
    gaps = sum(1 for step in run.steps if not math.isfinite(step.loss)) if gaps is None else gaps
    if gaps:
        said.append(_tr("{count} steps have no number; the chart has gaps there.").format(count=gaps))
    best = run.best_evaluation
    if best:
        said.append(_tr("Best validation loss {loss:.3f} at step {step}.").format(loss=best.loss, step=best.step))
    return " ".join(said)


def _moved(first: float, last: float, first_step: int, last_step: int) -> str:
    sentence = _tr("The loss fell from {first:.3f} at step {first_step} to {last:.3f} at step {last_step}.")
    if last >= first:
        sentence = _tr("The loss did not fall: {first:.3f} at step {first_step}, {last:.3f} at step {last_step}.")
    return sentence.format(first=first, last=last, first_step=first_step, last_step=last_step)


def plot_table(run: Run) -> str:
    """The summary, then evenly spread steps and every validation point as lines of text."""
    lines = [plot_summary(run), "", _tr("Step: loss")]
    spread = {round(index * (len(run.steps) - 1) / (ROWS - 1)) for index in range(ROWS)} if run.steps else set()
    lines += [f"{run.steps[index].step}: {_loss(run.steps[index].loss)}" for index in sorted(spread)]
    if run.evaluations:
        lines += ["", _tr("Step: validation loss")]
        lines += [f"{point.step}: {_loss(point.loss)}" for point in run.evaluations]
    return "\n".join(lines)


def _loss(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else _tr("no number")


def point_text(run: Run, index: int, series: LossSeries, axis: Axis) -> str:
    """What one step says: where it is, its loss, the smoothed loss, and the validation loss if it has one."""
    step = run.steps[index]
    place = float(series.raw[axis].x[index])
    parts = [_tr("step {step}").format(step=count_text(step.step))]
    if axis != "steps":
        parts.append(short_seconds_text(place) if axis == "time" else _tr("{count} tokens").format(count=count_text(place)))
    parts.append(_tr("loss {loss}").format(loss=number_text(step.loss)))
    parts.append(_tr("smoothed {loss}").format(loss=number_text(float(series.smooth[axis].y[index]))))
    parts += [_tr("validation {loss}").format(loss=number_text(point.loss)) for point in run.evaluations if point.step == step.step]
    return " · ".join(parts)
