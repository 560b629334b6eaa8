"""What every command about a recipe needs first: the model's verdict, the doctor's report, the plan."""

from dataclasses import dataclass
from pathlib import Path

from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.jobs.desk import DataDesk
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.jobs.questions import ask_model, ask_report, ask_start
from phitune_gui.planning.plan import make_plan


@dataclass(frozen=True)
class Study:
    """A recipe and everything that is known about it before it runs."""

    recipe: Recipe
    model: BaseModel | None
    report: DatasetReport | None
    plan: Plan


def study(recipe: Recipe, disk_at: Path, max_rows: int | None = None) -> Study:
    """Look at model and data through the desk and plan; what cannot be read becomes a Problem of the plan."""
    problems: list[Problem] = []
    model: BaseModel | None = None
    report: DatasetReport | None = None
    start: AdapterReport | None = None
    with DataDesk() as desk:
        if recipe.model.path:
            model = ask_model(desk, Path(recipe.model.path))
            start = ask_start(desk, recipe, model)
        if recipe.data.sources:
            try:
                report = ask_report(desk, recipe.data, _tokenizing(model), recipe.training.seed, max_rows)
            except CannotStart as refusal:
                problems.append(refusal.problem)
    plan = make_plan(recipe, model, report, probe_hardware(disk_at), problems, start)
    return Study(recipe, model, report, plan)


def _tokenizing(model: BaseModel | None) -> BaseModel | None:
    """The model when its tokenizer can be used, even if its weights are missing."""
    return model if model is not None and model.has_tokenizer and model.chat is not None else None
