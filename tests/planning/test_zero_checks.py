"""Launchers of DeepSpeed: refused with a reason where they cannot work, and honest about what they save."""

from typing import Any

import pytest

from phitune_gui.catalog.launchers.zero_settings import zero_settings
from phitune_gui.core.plan import Plan
from phitune_gui.planning.plan import make_plan
from tests.helpers.factories import a_machine, a_model, a_recipe, a_report
from tests.planning.test_plan import edited as with_sections

MACHINE = a_machine(240).model_copy(update={"has_deepspeed": True})


def planned(id: str, machine: Any = MACHINE, technique: str = "lora", **launcher: Any) -> Plan:
    recipe = with_sections(a_recipe(), launcher={"id": id, "processes": 2, **launcher}, technique={"id": technique})
    return make_plan(recipe, a_model(), a_report(), machine)


def refused(plan: Plan) -> list[tuple[str, str]]:
    return [(problem.where, f"{problem.what} {problem.how_to_fix}") for problem in plan.problems if problem.severity == "problem"]


@pytest.mark.parametrize("id", ["zero1", "zero2"])
def test_it_may_start_where_deepspeed_is(id: str) -> None:
    assert not planned(id).blocked
    assert not planned(id, zero_stage=int(id[-1]), offload="cpu").blocked


def test_without_deepspeed_the_plan_says_how_to_get_it() -> None:
    ((where, words),) = refused(planned("zero2", a_machine(240)))
    assert where == "launcher.id"
    assert 'pip install "phitune[deepspeed]"' in words


def test_other_systems_are_refused_with_the_reason() -> None:
    ((where, words),) = refused(planned("zero2", MACHINE.model_copy(update={"system": "Windows 11"})))
    assert where == "launcher.id"
    assert "Linux only" in words


def test_a_stage_that_contradicts_the_launcher_is_refused() -> None:
    ((where, words),) = refused(planned("zero2", zero_stage=1))
    assert where == "launcher.zero_stage"
    assert "zero2 is stage 2" in words


@pytest.mark.parametrize("technique", ["qdora", "full"])
def test_what_was_not_shown_to_learn_the_same_is_refused(technique: str) -> None:
    assert ("launcher.id", True) in [(where, "one process" in words) for where, words in refused(planned("zero2", technique=technique))]


@pytest.mark.parametrize(("id", "numbers"), [("zero1", 1), ("zero2", 2)])
def test_the_plan_counts_what_is_shared_out(id: str, numbers: int) -> None:
    """Of each trained number's two moments, gradient and copy, over two processes."""
    shared, copies = planned(id), planned("ddp")
    assert copies.memory.total_bytes - shared.memory.total_bytes == numbers * 4 * shared.trainable_parameters


def test_it_says_that_an_adapter_gains_little() -> None:
    (advice,) = [each for each in planned("zero2").problems if "saves" in each.what]
    assert advice.severity == "advice"
    assert "fsdp2" in advice.how_to_fix


def test_deepspeed_hears_the_recipe() -> None:
    recipe = with_sections(a_recipe(), launcher={"id": "zero2", "processes": 2, "offload": "cpu"})
    settings = zero_settings(recipe, 2)
    assert settings["train_micro_batch_size_per_gpu"] == recipe.training.micro_batch_size
    assert settings["gradient_clipping"] == recipe.training.max_grad_norm
    assert settings["zero_optimization"]["stage"] == 2
    assert settings["zero_optimization"]["offload_optimizer"] == {"device": "cpu"}
