"""A recipe made to fit: its plan here, with the edits of *Make it fit* where it is too large as written."""

from typing import NamedTuple

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import Change, Plan
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe, with_value
from phitune_gui.planning.make_it_fit import make_it_fit
from phitune_gui.planning.plan import make_plan

_SECTIONS = ("technique", "training", "launcher")


class Ground(NamedTuple):
    """What a plan stands on, but for the recipe."""

    model: BaseModel | None
    report: DatasetReport | None
    hardware: Hardware


class Fitted(NamedTuple):
    """The recipe after `changes`, which are none where it fits as it is, and its plan; `written_bytes` is its memory before them."""

    recipe: Recipe
    plan: Plan
    changes: tuple[Change, ...]
    written_bytes: int

    @property
    def fits(self) -> bool:
        """Whether the plan's memory is free."""
        return self.plan.memory.total_bytes <= self.plan.memory.available_bytes


def fitted(recipe: Recipe, ground: Ground, gently: bool = False) -> Fitted:
    """The plan with every edit that is needed to fit, technique and launcher aside; with all that help where none are enough.

    `gently` edits nothing that changes what is learned.
    """
    plan = make_plan(recipe, *ground)
    fit = make_it_fit(recipe, *ground, only_settings=True, gently=gently)
    changes = fit.offers[0] if fit.offers else fit.least
    if not changes:
        return Fitted(recipe, plan, (), plan.memory.total_bytes)
    for change in changes:
        recipe = with_value(recipe, change.field, change.value)
    return Fitted(recipe, make_plan(recipe, *ground), changes, plan.memory.total_bytes)


def obstacle(plan: Plan, hardware: Hardware) -> Problem | None:
    """What blocks the way of training itself on this machine; what is wrong with model or data is another matter."""
    disk = (hardware.disk_folder, "disk")
    blocking = (problem for problem in plan.problems if problem.severity == "problem")
    return next((problem for problem in blocking if problem.where.split(".")[0] in _SECTIONS or problem.where in disk), None)
