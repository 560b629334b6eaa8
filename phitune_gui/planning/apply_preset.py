"""Applies a preset to a recipe: the first of its proposals that fits, with what it took to fit and why."""

from typing import NamedTuple

from phitune_gui.catalog.presets import Preset, Proposal, Situation
from phitune_gui.core.hardware import Hardware
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
    """Model, data files, name and launcher stay as they are. Pure; never raises for the presets of the catalog.

    What must fit is the first proposal that leaves room for other programs and learns the same; where none can, the first that fits.
    """
    proposals = preset.propose(Situation(ground.model, ground.hardware, ground.report))
    if not preset.must_fit:
        made = _as_written(with_edits(recipe, proposals[0]), ground)
        return Applied(made.recipe, f"{proposals[0].why}{_too_large(made)}", made.fits)
    tried = []
    for share in (COMFORTABLE, 1.0):
        within = ground._replace(hardware=ground.hardware.with_share(share))
        tried = [(proposal, fitted(with_edits(recipe, proposal), within, gently=share < 1)) for proposal in proposals]
        for proposal, made in tried:
            if obstacle(made.plan, within.hardware) is None and made.fits:
                return Applied(made.recipe, f"{proposal.why}{_costs(made, ground.hardware)}", fits=True)
    _proposal, made = min(tried, key=lambda pair: pair[1].plan.memory.total_bytes)
    return Applied(made.recipe, f"Nothing fits this machine.{_too_large(made)} A smaller model is needed.", fits=False)


def with_edits(recipe: Recipe, proposal: Proposal) -> Recipe:
    """The recipe with the proposal's values; a technique starts from its own defaults."""
    if "technique.id" in proposal.values:
        recipe = recipe.model_copy(update={"technique": TechniqueSection()})
    for name, value in proposal.values.items():
        recipe = with_value(recipe, name, value)
    return recipe


def _as_written(recipe: Recipe, ground: Ground) -> Fitted:
    plan = make_plan(recipe, *ground)
    return Fitted(recipe, plan, (), plan.memory.total_bytes)


def _costs(made: Fitted, hardware: Hardware) -> str:
    costs = " ".join(dict.fromkeys(change.costs for change in made.changes))
    free = make_plan(made.recipe, None, None, hardware).memory.available_bytes
    why = f"Made to fit into {in_words(free)}" if made.written_bytes > free else "Made smaller, to leave room for other programs"
    return f" {why}: {costs}" if costs else ""


def _too_large(made: Fitted) -> str:
    memory = made.plan.memory
    if made.fits:
        return ""
    return f" It needs {in_words(memory.total_bytes)} of memory, and {in_words(memory.available_bytes)} are free."
