"""Applies a preset to a recipe: the first of its proposals that fits, with what it took to fit and why."""

from typing import NamedTuple

from phitune_gui.catalog.presets import Preset, Proposal, Situation
from phitune_gui.core.recipe import Recipe, TechniqueSection, with_value
from phitune_gui.planning.fitted import Fitted, Ground, fitted, obstacle
from phitune_gui.planning.memory import COMFORTABLE
from phitune_gui.planning.plan import make_plan
from phitune_gui.planning.words import in_words


class Applied(NamedTuple):
    """The recipe after the preset, in sentences why, and whether it fits into this machine's memory."""

    recipe: Recipe
    why: str
    fits: bool


def apply_preset(preset: Preset, recipe: Recipe, ground: Ground) -> Applied:
    """Model, data files, name and launcher stay as they are. Pure; never raises for the presets of the catalog."""
    proposals = preset.propose(Situation(ground.model, ground.hardware, ground.report))
    tried = [(proposal, _try(preset, recipe, proposal, ground)) for proposal in proposals]
    if not preset.must_fit:
        proposal, made = tried[0]
        return Applied(made.recipe, f"{proposal.why}{_too_large(made)}", made.fits)
    for proposal, made in tried:
        if obstacle(made.plan, ground.hardware) is None and made.fits:
            return Applied(made.recipe, f"{proposal.why}{_costs(made)}", fits=True)
    _proposal, made = min(tried, key=lambda pair: pair[1].plan.memory.total_bytes)
    return Applied(made.recipe, f"Nothing fits this machine.{_too_large(made)} A smaller model is needed.", fits=False)


def with_edits(recipe: Recipe, proposal: Proposal) -> Recipe:
    """The recipe with the proposal's values; a technique starts from its own defaults."""
    if "technique.id" in proposal.values:
        recipe = recipe.model_copy(update={"technique": TechniqueSection()})
    for name, value in proposal.values.items():
        recipe = with_value(recipe, name, value)
    return recipe


def _try(preset: Preset, recipe: Recipe, proposal: Proposal, ground: Ground) -> Fitted:
    """What must fit leaves room for other programs where its settings can bring that about."""
    edited = with_edits(recipe, proposal)
    if preset.must_fit:
        made = fitted(edited, ground._replace(hardware=ground.hardware.with_share(COMFORTABLE)))
        return made._replace(plan=make_plan(made.recipe, *ground)) if made.fits else fitted(edited, ground)
    plan = make_plan(edited, *ground)
    return Fitted(edited, plan, (), plan.memory.total_bytes)


def _costs(made: Fitted) -> str:
    costs = " ".join(dict.fromkeys(change.costs for change in made.changes))
    return f" Made to fit into {in_words(made.plan.memory.available_bytes)}: {costs}" if costs else ""


def _too_large(made: Fitted) -> str:
    memory = made.plan.memory
    if made.fits:
        return ""
    return f" It needs {in_words(memory.total_bytes)} of memory, and {in_words(memory.available_bytes)} are free."
