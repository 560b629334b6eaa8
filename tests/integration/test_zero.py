"""With DeepSpeed's ZeRO several processes learn what one does, and their checkpoints are anyone's."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.jobs.control import send
from tests.helpers.commands import phitune
from tests.integration.test_launchers import LONG, ONE, at_step, gone, in_background, recipe, steps, train, workers
from tests.integration.test_split_layers import SPLIT, as_with, require_equal, written_for

__all__ = ["recipe"]

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is an extra that is not installed"),
]

STAGES = [each.id for each in LAUNCHERS if each.zero_stage]
PROVEN = [
    pytest.param(each.id, technique, marks=[] if technique == "lora" else pytest.mark.slow)
    for each in LAUNCHERS
    if each.zero_stage
    for technique in each.techniques or ()
]


def zero(id: str) -> tuple[str, ...]:
    return (f"launcher.id={id}", "launcher.processes=2")


def gradients(run: str) -> list[torch.Tensor]:
    """Those of the only step, for each parameter: AdamW's first moment begins as a tenth of them."""
    (kept,) = (Path(run) / "checkpoints").glob("step-*")
    state = torch.load(kept / "optimizer.pt", weights_only=True)["state"]
    return [10 * state[number]["exp_avg"] for number in sorted(state)]


@pytest.mark.parametrize(("id", "technique"), PROVEN)
def test_each_gradient_is_that_of_one_process(recipe: Path, id: str, technique: str) -> None:
    own, length = written_for(technique, recipe), ("training.max_steps=1", "training.save_steps=1")
    alone, shared = (gradients(train(own, *options, *length)["run"]) for options in (ONE, zero(id)))

    assert any(gradient.abs().max() > 1e-3 for gradient in alone)
    for one, two in zip(alone, shared, strict=True):
        torch.testing.assert_close(two, one, rtol=0, atol=1e-4)


@pytest.mark.parametrize("id", STAGES)
@pytest.mark.parametrize("more", [(), ("launcher.offload=cpu",)], ids=["", "offload"])
def test_it_learns_what_one_process_does(recipe: Path, id: str, more: tuple[str, ...]) -> None:
    length = ("training.max_steps=5", "training.accumulation=2")
    alone = train(recipe, "training.accumulation=4", length[0])
    shared = train(recipe, *zero(id), *more, *length)

    for one, two in zip(steps(alone["run"]), steps(shared["run"]), strict=True):
        assert two.loss == pytest.approx(one.loss, abs=1e-4)
        assert two.grad_norm == pytest.approx(one.grad_norm, rel=1e-3)
        assert (two.tokens, two.learning_rate) == (one.tokens, one.learning_rate)
    assert shared["best_validation_loss"] == pytest.approx(alone["best_validation_loss"], abs=1e-4)
    require_equal(alone["run"], shared["run"], within=1e-4)


ALONE = ("launcher.id=single", "launcher.processes=1", *ONE)
ZERO2, ZERO3 = ((*zero(id), "training.accumulation=1") for id in ("zero2", "zero3"))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(ZERO2, ALONE, id="zero2 to single"),
        pytest.param(ALONE, ZERO2, id="single to zero2"),
        pytest.param(ZERO3, ALONE, id="zero3 to single"),
        pytest.param(ALONE, ZERO3, id="single to zero3"),
        pytest.param((*SPLIT, "training.accumulation=1"), ZERO3, id="fsdp2 to zero3"),
    ],
)
def test_its_checkpoints_are_those_of_one_process(recipe: Path, tmp_path: Path, first: tuple[str, ...], then: tuple[str, ...]) -> None:
    length = ("training.max_steps=60", "training.epochs=100", "training.save_steps=1000", "training.eval_steps=1000")
    whole = train(recipe, *ALONE, *length)
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
    alone, split = train(recipe, *ONE, *options), train(recipe, *zero("zero3"), *options)

    assert [step.loss for step in steps(split["run"])] == pytest.approx([step.loss for step in steps(alone["run"])], abs=1e-4)
    require_equal(alone["run"], split["run"], within=1e-4)


@pytest.mark.faults
@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("id", ["zero2", "zero3"])
@pytest.mark.parametrize("victim", ["first", "other"])
def test_a_lost_process_ends_the_run_with_a_sentence_and_no_orphan(recipe: Path, tmp_path: Path, id: str, victim: str) -> None:
    with in_background(recipe, tmp_path, *zero(id), *LONG, code=1) as result:
        first, others = workers(at_step(tmp_path / "runs", 6))
        (first if victim == "first" else others[0]).send_signal(signal.SIGKILL)

    words = "killed from outside" if victim == "first" else "Process 2 of 2 was ended by signal 9, so the training cannot go on."
    assert words in result["error"]["what"]
    assert gone([first, *others])
