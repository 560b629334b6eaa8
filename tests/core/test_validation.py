"""A run that went on after its best step is told so; noise, unfinished runs and runs without held-out rows are not."""

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.run import Run, apply_all
from phitune_gui.core.validation import learned_nothing, went_too_far
from tests.helpers.factories import a_training


def a_run(losses: dict[int, float], *ending: e.Event) -> Run:
    """Ten steps of one epoch, validated at these steps."""
    points = [e.Evaluated(step=step, loss=loss, rows=10, tokens=100) for step, loss in losses.items()]
    return apply_all(Run(), [*a_training(steps=10), *points, *ending])


def test_best_and_last_are_both_known() -> None:
    run = a_run({0: 5.0, 4: 3.048, 10: 5.911}, e.JobFinished())

    assert run.best_evaluation == (4, 3.048)
    assert run.last_evaluation == (10, 5.911)


def test_a_run_that_went_too_far_names_the_step_and_how_to_stop_there() -> None:
    advice = went_too_far(a_run({0: 5.0, 4: 3.048, 10: 5.911}, e.JobFinished()))

    assert "5.911" in advice
    assert "3.048 of step 4" in advice
    assert "last step (10)" in advice
    assert "training.epochs=0.4" in advice


def test_a_run_that_only_harmed_is_not_told_to_be_shorter() -> None:
    advice = went_too_far(a_run({0: 2.0, 10: 3.0}, e.JobFinished(stopped_early=True)))

    assert "untuned" in advice
    assert "learning_rate" in advice


@pytest.mark.parametrize(
    ("losses", "ending"),
    [
        ({0: 2.0, 4: 1.0, 10: 1.019}, e.JobFinished()),
        ({0: 2.0, 4: 1.0, 10: 3.0}, e.Paused(step=10)),
        ({0: 2.0, 4: 1.0, 10: 3.0}, e.JobFailed(kind="error", message="m", hint="h")),
    ],
)
def test_noise_and_runs_that_kept_no_adapter_are_left_alone(losses: dict[int, float], ending: e.Event) -> None:
    assert went_too_far(a_run(losses, ending)) == ""


@pytest.mark.parametrize(
    ("last", "nothing"), [(2.0, True), (1.998, True), (2.03, True), (1.95, False), (2.1, False), (float("nan"), False)]
)
def test_a_run_after_which_nothing_is_better_says_so(last: float, nothing: bool) -> None:
    advice = learned_nothing(a_run({0: 2.0, 10: last}, e.JobFinished()))

    assert advice.startswith("Nothing was learned") == nothing
    assert not advice or "2.000 before the first step" in advice
    assert learned_nothing(a_run({0: 2.0, 10: last}, e.Paused(step=10))) == ""
