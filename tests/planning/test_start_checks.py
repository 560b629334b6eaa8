"""The plan says why training cannot go on from an adapter, by what was read of it and nothing else."""

from typing import Any

import pytest

from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import TechniqueSection, with_value
from phitune_gui.planning.plan import make_plan
from tests.helpers.factories import a_machine, a_model, a_recipe, a_report

OWN = TechniqueSection.model_validate({"id": "lora", "rank": 4, "alpha": 8, "target_modules": ["qkv_proj", "o_proj"]})


def found(technique: dict[str, Any], start: AdapterReport | None, adapter: str = "/runs/one") -> list[Problem]:
    """What blocks the plan of this technique on this start."""
    recipe = with_value(with_value(a_recipe(), "technique", technique), "model.adapter", adapter)
    plan = make_plan(recipe, a_model(), a_report(), a_machine(64), start=start)
    return [problem for problem in plan.problems if problem.severity == "problem"]


@pytest.mark.parametrize("id", ["lora", "loraplus", "qlora", "eva"])
def test_a_technique_that_makes_the_same_adapter_goes_on(id: str) -> None:
    assert found({**OWN.model_dump(), "id": id, "dropout": 0.1}, AdapterReport(technique=OWN)) == []


@pytest.mark.parametrize("blocks", [list(range(32)), "0-31", list(range(31, -1, -1))])
def test_all_blocks_named_one_by_one_are_all_blocks(blocks: Any) -> None:
    every, half = ({**OWN.model_dump(), "model_blocks": each} for each in (blocks, "0-15"))
    read = AdapterReport(technique=OWN, blocks=32)
    assert found(every, read) == []
    assert found(OWN.model_dump(), read.model_copy(update={"technique": TechniqueSection.model_validate(every)})) == []
    assert len(found(half, read)) == 1


@pytest.mark.parametrize(
    "edit",
    [
        {"rank": 8},
        {"alpha": 16},
        {"target_modules": ["qkv_proj"]},
        {"model_blocks": [0, 1]},
        {"id": "dora"},
        {"id": "rslora"},
        {"id": "loftq"},
    ],
)
def test_another_adapter_is_a_problem_that_says_what_to_set(edit: dict[str, Any]) -> None:
    (problem,) = found({**OWN.model_dump(), **edit}, AdapterReport(technique=OWN))
    assert problem.where == "technique.id"
    assert "LoRA with rank 4, alpha 8" in problem.what
    assert "technique.rank to 4" in problem.how_to_fix
    assert "technique.target_modules to [qkv_proj, o_proj]" in problem.how_to_fix


def test_what_was_settled_is_told() -> None:
    (problem,) = found({"id": "adalora"}, AdapterReport(technique=OWN, became="It was made as AdaLoRA."))
    assert problem.what.endswith("It was made as AdaLoRA.")


def test_an_adapter_that_does_not_fit_is_the_problem_that_its_reading_found() -> None:
    wrong = Problem(where="model.adapter", what="It has 3 blocks.", how_to_fix="Choose another.")
    assert found(OWN.model_dump(), AdapterReport(problem=wrong)) == [wrong]


def test_nothing_is_said_without_a_start_or_before_it_was_read() -> None:
    assert found({"id": "dora"}, AdapterReport(technique=OWN), adapter="") == []
    assert found({"id": "dora"}, None) == []
