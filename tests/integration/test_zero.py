"""With DeepSpeed's ZeRO several processes learn what one does, and their checkpoints are anyone's."""

from pathlib import Path

import pytest

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.jobs.control import send
from tests.helpers.commands import phitune
from tests.helpers.launchers import NEEDS_DEEPSPEED, started_by
from tests.integration.test_launchers import ONE, at_step, in_background, recipe, steps, train
from tests.integration.test_split_layers import as_with, require_equal

__all__ = ["recipe"]

pytestmark = [pytest.mark.engine, NEEDS_DEEPSPEED]

STAGES = [each.id for each in LAUNCHERS if each.zero_stage]


@pytest.mark.parametrize("id", STAGES)
@pytest.mark.parametrize("more", [(), ("launcher.offload=cpu",)], ids=["", "offload"])
def test_it_learns_what_one_process_does(recipe: Path, id: str, more: tuple[str, ...]) -> None:
    length = ("training.max_steps=5", "training.accumulation=2")
    alone = train(recipe, "training.accumulation=4", length[0])
    shared = train(recipe, *started_by(id), *more, *length)

    for one, two in zip(steps(alone["run"]), steps(shared["run"]), strict=True):
        assert two.loss == pytest.approx(one.loss, abs=1e-4)
        assert two.grad_norm == pytest.approx(one.grad_norm, rel=1e-3)
        assert (two.tokens, two.learning_rate) == (one.tokens, one.learning_rate)
    assert shared["best_validation_loss"] == pytest.approx(alone["best_validation_loss"], abs=1e-4)
    require_equal(alone["run"], shared["run"], within=1e-4)


def in_one(rows: int = 2) -> tuple[str, ...]:
    """One process that learns from as many rows in a step as so many processes do."""
    return (*started_by("single", 1), f"training.accumulation={rows}")


def in_several(id: str, processes: int = 2) -> tuple[str, ...]:
    return (*started_by(id, processes), "training.accumulation=1")


@pytest.mark.parametrize(
    ("first", "then", "processes"),
    [
        pytest.param(in_several("zero2"), in_one(), 2, id="zero2 to single"),
        pytest.param(in_one(), in_several("zero2"), 2, id="single to zero2"),
        pytest.param(in_several("zero3"), in_one(), 2, id="zero3 to single"),
        pytest.param(in_one(), in_several("zero3"), 2, id="single to zero3"),
        pytest.param(in_several("fsdp2"), in_several("zero3"), 2, id="fsdp2 to zero3"),
        pytest.param(in_several("zero3", 3), in_one(3), 3, id="zero3 of three to single"),
        pytest.param(in_one(3), in_several("zero3", 3), 3, id="single to zero3 of three"),
    ],
)
def test_its_checkpoints_are_those_of_one_process(
    recipe: Path, tmp_path: Path, first: tuple[str, ...], then: tuple[str, ...], processes: int
) -> None:
    length = ("training.max_steps=60", "training.epochs=100", "training.save_steps=1000", "training.eval_steps=1000")
    whole = train(recipe, *in_one(processes), *length)
    with in_background(recipe, tmp_path / "first", *first, *length):
        run = at_step(tmp_path / "first" / "runs", 3)
        send(run, "stop", "stop")
    moved = as_with(run, tmp_path / "then", *then)

    resumed = phitune("resume", str(moved), home=tmp_path / "then")

    began = resumed["from_step"]
    assert 3 <= began < 55
    # At this learning rate rounding grows a hundredfold within ten steps; moments or a count of steps that were wrong show in the next.
    for one, two in zip(steps(whole["run"])[began : began + 3], steps(str(moved))[began : began + 3], strict=True):
        assert one.step == two.step > began
        assert two.loss == pytest.approx(one.loss, abs=1e-4)
        assert two.grad_norm == pytest.approx(one.grad_norm, rel=1e-3)
        assert two.learning_rate == one.learning_rate


@pytest.mark.parametrize("more", ["training.gradient_checkpointing=true", "training.dtype=bfloat16"])
def test_saving_memory_changes_nothing_under_zero3(recipe: Path, more: str) -> None:
    options = (more, "training.max_steps=3")
    alone, split = train(recipe, *ONE, *options), train(recipe, *started_by("zero3"), *options)

    assert [step.loss for step in steps(split["run"])] == pytest.approx([step.loss for step in steps(alone["run"])], abs=1e-4)
    require_equal(alone["run"], split["run"], within=1e-4)
