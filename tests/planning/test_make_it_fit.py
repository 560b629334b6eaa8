"""Make it fit offers the cheapest edits that are enough, and applying them really makes the plan fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    offered = changes(recipe, 28)
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


def test_all_that_helps_is_offered_when_nothing_is_enough() -> None:
    offered = changes(a_recipe(), 1)
    assert {edit.field for edit in offered} == {
        "training.micro_batch_size", "training.accumulation", "training.gradient_checkpointing", "training.dtype", "data.max_length",
    }  # fmt: skip
    assert needed(applied(a_recipe(), offered)) > 1e9


@given(st.floats(1, 80), st.integers(1, 16), st.integers(1, 64), st.sampled_from(["auto", "bfloat16"]), st.booleans())
def test_offers_are_honest(memory_gb: float, micro: int, accumulation: int, dtype: str, checkpointing: bool) -> None:
    recipe = a_recipe(micro_batch_size=micro, accumulation=accumulation, dtype=dtype, gradient_checkpointing=checkpointing)
    offered = changes(recipe, memory_gb)
    after = applied(recipe, offered)
    assert sum(edit.saves_bytes for edit in offered) == needed(recipe) - needed(after)
    assert after.training.micro_batch_size * after.training.accumulation == micro * accumulation
    assert all(edit.costs.endswith(".") for edit in offered)
    smallest = a_recipe(micro_batch_size=1, accumulation=micro * accumulation, dtype="bfloat16", gradient_checkpointing=True)
    smallest = with_value(smallest, "data.max_length", 300)
    assert (needed(after) <= int(memory_gb * 1e9)) == (needed(smallest) <= int(memory_gb * 1e9))
