"""The time left is made of steps, validations and checkpoints; a hiccup and rows of other lengths do not upset it."""

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.run import Run, apply, apply_all
from phitune_gui.core.time_left import seconds_left


def a_step(number: int, seconds: float = 2.0, tokens: int = 100) -> e.StepLogged:
    return e.StepLogged(
        at=10.0 * number, step=number, epoch=0.1, loss=1.0, learning_rate=1e-4, grad_norm=1.0, tokens=tokens, learned_tokens=50,
        seconds=seconds,
    )  # fmt: skip


def begun(**changes: object) -> Run:
    fields = {"total_steps": 100, "trainable_parameters": 1, "total_parameters": 2, "train_rows": 9, "validation_rows": 1, **changes}
    return apply(Run(), e.TrainingBegan.model_validate(fields))


def test_steps_alone() -> None:
    run = apply_all(begun(), [a_step(number) for number in range(1, 11)])
    assert seconds_left(run) == pytest.approx(2.0 * 90)


def test_long_rows_first_do_not_promise_long_ones_for_ever() -> None:
    longer = [a_step(number, 6.0, 300) for number in range(6, 11)]
    run = apply_all(begun(), [a_step(number) for number in range(1, 6)] + longer)
    assert seconds_left(run) == pytest.approx(4.0 * 90)


def test_validations_and_checkpoints_that_are_left_count() -> None:
    run = apply_all(begun(eval_steps=10, save_steps=25), [a_step(number) for number in range(1, 11)])
    run = apply_all(run, [
        e.StageBegan(at=101.0, stage="evaluating"), e.Evaluated(at=105.0, step=10, loss=1.0, rows=1, tokens=9),
        e.CheckpointSaved(at=108.0, step=10, path="checkpoints/10"),
    ])  # fmt: skip
    assert (run.judging_seconds, run.saving_seconds) == (4.0, 3.0)
    assert seconds_left(run) == pytest.approx(2.0 * 90 + 9 * 4.0 + 4 * 3.0)


def test_a_validation_that_is_due_now_is_still_to_come() -> None:
    first = e.StageBegan(at=1.0, stage="evaluating"), e.Evaluated(at=4.0, step=0, loss=1.0, rows=1, tokens=9)
    run = apply_all(apply_all(begun(eval_steps=10), first), [a_step(number) for number in range(1, 11)])
    assert seconds_left(run) == pytest.approx(2.0 * 90 + 10 * 3.0)


def test_a_heartbeat_while_it_is_written_makes_no_checkpoint_quicker() -> None:
    run = apply_all(begun(save_steps=25), [a_step(number) for number in range(1, 26)])
    run = apply_all(run, [e.Heartbeat(at=254.0), e.CheckpointSaved(at=257.0, step=25, path="checkpoints/25")])
    assert run.saving_seconds == 7.0


def test_checkpoints_count_before_one_was_seen() -> None:
    steps = [a_step(number) for number in range(1, 11)]
    small, large = (seconds_left(apply_all(begun(save_steps=10, trainable_parameters=trained), steps)) for trained in (1, 200_000_000))
    assert small is not None
    assert large is not None
    assert large - small == pytest.approx(10 * 8.0 + 8 / 3, rel=1e-3)


def test_no_checkpoint_is_written_after_the_last_step() -> None:
    steps = [a_step(number) for number in range(1, 11)]
    even, odd = (
        seconds_left(apply_all(begun(total_steps=total, save_steps=10, trainable_parameters=200_000_000), steps)) for total in (20, 19)
    )
    assert even is not None
    assert odd is not None
    assert even - odd == pytest.approx(8.0 + 2.0, rel=1e-3)


def test_nothing_is_said_too_early_nor_after_the_end() -> None:
    run = apply_all(begun(), [a_step(number) for number in range(1, 4)])
    assert seconds_left(run) is None
    assert seconds_left(apply(run, e.JobFinished(at=99.0))) is None
