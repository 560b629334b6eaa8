"""Make it fit offers the cheapest edits that are enough, and applying them really makes the plan fit."""

import pytest

from phitune_gui.core.plan import Change
from phitune_gui.core.recipe import Recipe, with_value
from phitune_gui.planning.plan import make_plan
from tests.helpers.factories import a_machine, a_model, a_recipe, a_report

REPORT = a_report().model_copy(update={"lengths": a_report().lengths.model_copy(update={"p95": 300, "max": 1000})})


def changes(recipe: Recipe, memory_gb: float) -> tuple[Change, ...]:
    """What is offered on a machine with this much free memory."""
    return make_plan(recipe, a_model(), REPORT, a_machine(memory_gb)).make_it_fit


def applied(recipe: Recipe, edits: tuple[Change, ...]) -> Recipe:
    """The recipe as window and command line would edit it, from the written values."""
    for edit in edits:
        recipe = with_value(recipe, edit.field, edit.value)
    return recipe


def needed(recipe: Recipe) -> int:
    """Predicted peak bytes."""
    return make_plan(recipe, a_model(), REPORT, a_machine()).memory.total_bytes


def test_nothing_is_offered_when_it_fits() -> None:
    assert changes(a_recipe(), 72) == ()


def test_fewer_rows_come_first_and_keep_the_effective_batch() -> None:
    recipe = a_recipe(dtype="bfloat16", micro_batch_size=8)
    offered = changes(recipe, 33)
    assert [(edit.field, edit.value) for edit in offered] == [("training.micro_batch_size", "2"), ("training.accumulation", "4")]
    assert offered[0].saves_bytes == needed(recipe) - needed(applied(recipe, offered))
    assert offered[1].saves_bytes == 0


@pytest.mark.parametrize(
    ("memory_gb", "fields"),
    [
        (30, {"training.micro_batch_size", "training.accumulation"}),
        (17, {"training.micro_batch_size", "training.accumulation", "training.gradient_checkpointing"}),
        (9, {"training.micro_batch_size", "training.accumulation", "training.gradient_checkpointing", "training.dtype"}),
    ],
)
def test_smaller_machines_need_more_edits_and_no_more_than_that(memory_gb: float, fields: set[str]) -> None:
    assert {edit.field for edit in changes(a_recipe(), memory_gb)} == fields


def test_cutting_data_comes_last() -> None:
    recipe = a_recipe(dtype="bfloat16", micro_batch_size=1, gradient_checkpointing=True)
    (edit,) = changes(recipe, needed(recipe) / 1e9 - 0.1)
    assert (edit.field, edit.value) == ("data.max_length", "300")
    assert "5 %" in edit.costs


def test_four_bits_come_last_and_keep_rank_and_targets() -> None:
    recipe = with_value(with_value(a_recipe(), "technique.rank", 8), "technique.target_modules", ["o_proj"])
    offered = changes(recipe, 5)
    edit = next(edit for edit in offered if edit.field == "technique.id")
    assert (edit.value, "4 bits" in edit.costs, "unquantised" in edit.costs) == ("qlora", True, True)
    assert applied(recipe, offered).technique.options == recipe.technique.options
    assert all(edit.field != "technique.id" for edit in changes(recipe, 9))


@pytest.mark.parametrize(
    ("technique", "edit"),
    [
        ({"id": "dora"}, ("technique.id", "qdora")),
        ({"id": "qlora", "weights": "int8"}, ("technique.weights", "nf4")),
        ({"id": "rslora"}, None),
        ({"id": "full"}, None),
    ],
)
def test_only_the_same_adapter_is_offered_in_four_bits(technique: dict[str, str], edit: tuple[str, str] | None) -> None:
    recipe = with_value(a_recipe(micro_batch_size=1, gradient_checkpointing=True, dtype="bfloat16"), "technique", technique)
    found = [(change.field, change.value) for change in changes(recipe, 4.5) if change.field.startswith("technique.")]
    assert found == ([edit] if edit else [])


def test_four_bits_need_their_library() -> None:
    without = a_machine(5).model_copy(update={"has_bitsandbytes": False})
    plan = make_plan(a_recipe(), a_model(), REPORT, without)
    assert plan.make_it_fit == ()
    assert "Even with every saving it needs " in next(each.what for each in plan.problems if "memory" in each.what)
    assert make_plan(a_recipe(), a_model(), REPORT, a_machine(5)).make_it_fit


def test_several_processes_are_offered_to_share_one_model() -> None:
    recipe = with_value(
        a_recipe(micro_batch_size=1, dtype="bfloat16", gradient_checkpointing=True), "launcher", {"id": "ddp", "processes": 2}
    )
    free = needed(with_value(recipe, "launcher.id", "fsdp2")) / 1e9 + 0.1
    assert ("launcher.id", "fsdp2") in [(edit.field, edit.value) for edit in changes(recipe, free)]


def test_nothing_is_offered_when_nothing_is_enough_and_the_plan_says_so() -> None:
    plan = make_plan(a_recipe(), a_model(), REPORT, a_machine(1))
    assert (plan.make_it_fit, plan.other_ways_to_fit) == ((), ())
    (problem,) = [each for each in plan.problems if each.severity == "problem"]
    assert "1.0 GB are free. Even with every saving it needs " in problem.what
    assert "Make it fit" not in problem.how_to_fix


def test_all_weights_are_not_exchanged_for_an_adapter_but_the_plan_names_it() -> None:
    plan = make_plan(with_value(a_recipe(), "technique", {"id": "full"}), a_model(), REPORT, a_machine(40))
    assert plan.make_it_fit == ()
    (problem,) = [each for each in plan.problems if each.where == "training.micro_batch_size"]
    assert problem.how_to_fix.startswith("Choose LoRA, ")


def test_fewer_rows_need_only_divide_the_effective_batch() -> None:
    recipe = a_recipe(dtype="bfloat16", micro_batch_size=3, accumulation=2)
    offered = changes(recipe, needed(recipe) / 1e9 - 0.1)
    assert [(edit.field, edit.value) for edit in offered] == [("training.micro_batch_size", "2"), ("training.accumulation", "3")]


def test_fewer_processes_keep_the_effective_batch_and_the_launcher() -> None:
    recipe = with_value(
        a_recipe(micro_batch_size=1, dtype="bfloat16", gradient_checkpointing=True), "launcher", {"id": "ddp", "processes": 64}
    )
    free = needed(with_value(recipe, "launcher.processes", 8)) / 1e9 + 0.1
    offered = changes(recipe, free)
    assert [(edit.field, edit.value) for edit in offered] == [("launcher.processes", "8"), ("training.accumulation", "8")]
    assert offered[0].saves_bytes == needed(recipe) - needed(applied(recipe, offered))
    assert needed(applied(recipe, offered)) <= free * 1e9


def test_fewer_processes_and_fewer_rows_share_one_accumulation() -> None:
    recipe = with_value(
        a_recipe(micro_batch_size=4, dtype="bfloat16", gradient_checkpointing=True), "launcher", {"id": "ddp", "processes": 4}
    )
    least = with_value(with_value(recipe, "launcher.processes", 2), "training.micro_batch_size", 1)
    plan = make_plan(recipe, a_model(), REPORT, a_machine(needed(least) / 1e9 + 0.01))
    both = next(
        {edit.field: edit.value for edit in way}
        for way in (plan.make_it_fit, *plan.other_ways_to_fit)
        if {"launcher.processes", "training.micro_batch_size"} <= {edit.field for edit in way}
    )
    assert both == {"launcher.processes": "2", "training.micro_batch_size": "1", "training.accumulation": "8"}


def test_where_nothing_is_enough_for_several_processes_one_is_named() -> None:
    recipe = with_value(a_recipe(), "launcher", {"id": "ddp", "processes": 2})
    (problem,) = [each for each in make_plan(recipe, a_model(), REPORT, a_machine(1)).problems if each.severity == "problem"]
    assert "set launcher.id to single and launcher.processes to 1" in problem.how_to_fix
