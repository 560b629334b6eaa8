"""The pure function from events to the run that every view shows."""

import math

from hypothesis import given
from hypothesis import strategies as st

from phitune_gui.core import events as e
from phitune_gui.core.run import Run, apply, apply_all
from tests.helpers.factories import a_step, a_training


def test_a_training_under_way_is_running() -> None:
    run = apply_all(Run(), a_training(steps=5, total=10))

    assert (run.state, run.step, run.total_steps, len(run.steps)) == ("running", 5, 10, 5)


def test_one_by_one_and_all_at_once_are_equal() -> None:
    events = [*a_training(), e.CheckpointSaved(step=5, path="checkpoints/step-000005"), a_step(6), e.JobFinished(at=20.0)]
    one_by_one = Run()
    for event in events:
        one_by_one = apply(one_by_one, event)

    assert one_by_one == apply_all(Run(), events)


def test_a_new_attempt_drops_steps_above_its_start() -> None:
    run = apply_all(Run(), [*a_training(steps=5), e.JobFailed(kind="killed", message="m", hint="h")])

    run = apply_all(run, [e.AttemptBegan(attempt=2, from_step=3, pid=1), a_step(4, loss=9.0)])

    assert [step.step for step in run.steps] == [1, 2, 3, 4]
    assert run.steps[-1].loss == 9.0
    assert run.failure is None


def test_endings_are_states() -> None:
    run = apply_all(Run(), a_training())

    assert apply(run, e.JobFinished()).state == "finished"
    assert apply(run, e.JobFinished(stopped_early=True)).state == "stopped"
    assert apply(run, e.Paused(step=5)).state == "paused"
    assert apply(run, e.JobFailed(kind="error", message="m", hint="h")).state == "failed"


def test_a_stop_that_was_heard_shows_as_stopping_through_further_steps() -> None:
    run = apply_all(Run(), [*a_training(), e.Acknowledged(id="1", request="stop"), a_step(6)])

    assert run.state == "stopping"


def test_speed_counts_training_seconds_only() -> None:
    run = apply_all(Run(), a_training(steps=4))

    assert run.tokens_per_second == 200.0
    assert run.learned_tokens_per_second == 120.0


def test_time_spent_is_that_of_all_attempts_without_what_lay_between() -> None:
    first: list[e.Event] = [e.AttemptBegan(attempt=1, from_step=0, pid=1, at=100), a_step(1), e.Paused(at=130, step=1)]
    second: list[e.Event] = [e.AttemptBegan(attempt=2, from_step=1, pid=2, at=5000), e.StageBegan(stage="loading", at=5004)]

    assert Run().spent_seconds == 0
    assert apply_all(Run(), first).spent_seconds == 30
    assert apply_all(Run(), first + second).spent_seconds == 34
    assert apply_all(Run(), [*first, *second, e.JobFinished(at=5013)]).spent_seconds == 43


def test_nan_survives_its_way_through_a_file() -> None:
    line = e.event_to_line(a_step(1, loss=math.nan))

    again = e.event_from_line(line)

    assert b"NaN" not in line
    assert isinstance(again, e.StepLogged)
    assert math.isnan(again.loss)


def test_the_best_validation_ignores_nan() -> None:
    points = [e.Evaluated(step=number, loss=loss, rows=1, tokens=1) for number, loss in enumerate((2.0, math.nan, 1.0, 3.0))]

    best = apply_all(Run(), points).best_evaluation

    assert best is not None
    assert best.step == 2


def test_the_event_name_comes_first_in_its_line() -> None:
    assert e.event_to_line(a_step(3)).startswith(b'{"event":"StepLogged"')


@given(st.lists(st.sampled_from([*a_training(3), e.JobFinished(), e.Paused(step=1), e.Heartbeat(), e.Warned(message="w")]), max_size=30))
def test_any_order_of_events_gives_a_run_that_json_can_hold(events: list[e.Event]) -> None:
    run = apply_all(Run(), events)

    assert Run.model_validate_json(run.model_dump_json()) == run
