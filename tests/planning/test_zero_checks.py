"""Launchers of DeepSpeed: refused with a reason where they cannot work, and honest about what they save."""

from typing import Any

import pytest

from phitune_gui.catalog.launchers.zero_settings import zero_settings
from phitune_gui.core.hardware import Gpu
from phitune_gui.core.plan import Plan
from phitune_gui.planning.plan import make_plan
from phitune_gui.planning.words import in_words
from tests.helpers.factories import GB, a_machine, a_model, a_recipe, a_report
from tests.planning.test_plan import edited as with_sections

MACHINE = a_machine(240).model_copy(update={"has_deepspeed": True})


def planned(id: str, machine: Any = MACHINE, technique: str = "lora", **launcher: Any) -> Plan:
    recipe = with_sections(a_recipe(), launcher={"id": id, "processes": 2, **launcher}, technique={"id": technique})
    return make_plan(recipe, a_model(), a_report(), machine)


def refused(plan: Plan) -> list[tuple[str, str]]:
    return [(problem.where, f"{problem.what} {problem.how_to_fix}") for problem in plan.problems if problem.severity == "problem"]


@pytest.mark.parametrize("id", ["zero1", "zero2", "zero3"])
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


def test_split_4_bit_weights_are_refused_with_the_reason() -> None:
    ((where, words),) = refused(planned("zero3", technique="qlora"))
    assert where == "launcher.id"
    assert "4 bits give wrong gradients without any error when layers are split" in words


@pytest.mark.parametrize(("id", "numbers"), [("zero1", 1), ("zero2", 2)])
def test_the_plan_counts_what_is_shared_out(id: str, numbers: int) -> None:
    """Of each trained number's two moments, gradient and copy, over two processes."""
    shared, copies = planned(id), planned("ddp")
    assert copies.memory.total_bytes - shared.memory.total_bytes == numbers * 4 * shared.trainable_parameters


def test_it_says_that_an_adapter_gains_little() -> None:
    (advice,) = [each for each in planned("zero2").problems if "saves" in each.what]
    assert advice.severity == "advice"
    assert f"of the {in_words(planned('ddp').memory.total_bytes)} that this run needs" in advice.what
    assert "zero3 or fsdp2" in advice.how_to_fix
    assert not [each for each in planned("zero3").problems if "saves" in each.what]


def test_zero3_holds_the_frozen_weights_once() -> None:
    split, copies = planned("zero3").memory, planned("ddp").memory
    assert 2 * split.parts["weights"] == copies.parts["weights"]
    assert split.parts["borrowed"] < split.parts["weights"]
    assert split.total_bytes < copies.total_bytes


@pytest.mark.parametrize("technique", ["lora", "dora", "qlora"])
@pytest.mark.parametrize("gpus", [0, 2])
def test_offloading_to_the_memory_where_it_is_anyway_is_told(technique: str, gpus: int) -> None:
    machine = MACHINE.model_copy(update={"gpus": (Gpu(name="A", memory_bytes=80 * GB),) * gpus, "has_bitsandbytes": True})
    plan = planned("zero2", machine, technique, offload="cpu")
    assert not plan.blocked
    said = [(each.severity, each.where) for each in plan.problems if "saves nothing" in each.what]
    assert said == ([] if gpus else [("advice", "launcher.offload")])
    assert not [each for each in planned("zero2", machine, technique).problems if each.where == "launcher.offload"]


def test_deepspeed_hears_the_recipe() -> None:
    recipe = with_sections(a_recipe(), launcher={"id": "zero2", "processes": 2, "offload": "cpu"})
    settings = zero_settings(recipe, 2)
    assert settings["train_micro_batch_size_per_gpu"] == recipe.training.micro_batch_size
    assert settings["gradient_clipping"] == recipe.training.max_grad_norm
    assert settings["zero_optimization"]["stage"] == 2
    assert settings["zero_optimization"]["offload_optimizer"] == {"device": "cpu"}


def test_the_recipe_may_set_more_of_deepspeed() -> None:
    more = {"steps_per_print": "7", "zero_optimization": {"overlap_comm": "true", "reduce_bucket_size": 1000}}
    recipe = with_sections(a_recipe(), launcher={"id": "zero2", "processes": 2, "deepspeed": more})
    settings = zero_settings(recipe, 2)
    assert settings["steps_per_print"] == 7
    assert settings["zero_optimization"] == zero_settings(a_recipe(), 2)["zero_optimization"] | {
        "overlap_comm": True, "reduce_bucket_size": 1000
    }  # fmt: skip
    assert not planned("zero2", deepspeed=more).blocked


@pytest.mark.parametrize(
    ("settings", "key", "words"),
    [
        ({"train_batch_size": 8}, "train_batch_size", "training.micro_batch_size"),
        ({"train_micro_batch_size_per_gpu": 8}, "train_micro_batch_size_per_gpu", "training.micro_batch_size"),
        ({"gradient_accumulation_steps": 8}, "gradient_accumulation_steps", "training.accumulation"),
        ({"gradient_clipping": 0.5}, "gradient_clipping", "training.max_grad_norm"),
        ({"optimizer": {"type": "Adam"}}, "optimizer", "training.learning_rate"),
        ({"fp16": {"enabled": True}}, "fp16", "training.dtype"),
        ({"zero_optimization": {"stage": 3}}, "zero_optimization.stage", "launcher.id"),
        ({"zero_optimization": {"overlap_com": True}}, "zero_optimization.overlap_com", "zero_optimization.overlap_comm"),
        ({"zero_optimization": 3}, "zero_optimization", "zero_optimization.overlap_comm"),
        ({"steps_per_print": "often"}, "steps_per_print", "whole number"),
        ({"zero_optimization": {"reduce_bucket_size": -1}}, "zero_optimization.reduce_bucket_size", "whole number"),
    ],
)
def test_keys_that_are_unknown_or_said_elsewhere_are_refused_by_name(settings: dict[str, Any], key: str, words: str) -> None:
    ((where, sentences),) = refused(planned("zero2", deepspeed=settings))
    assert where == f"launcher.deepspeed.{key}"
    assert key in sentences
    assert words in sentences


def test_settings_that_nobody_reads_are_told() -> None:
    (advice,) = planned("ddp", deepspeed={"steps_per_print": 1}).problems
    assert (advice.severity, advice.where) == ("advice", "launcher.deepspeed")
