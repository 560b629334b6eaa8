"""The techniques as a list: what each is, what can be made of its result, and whether anything is in its way here."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.launchers import launchers_for
from phitune_gui.catalog.techniques import TECHNIQUES, Technique, technique_problems
from phitune_gui.core.recipe import Recipe, TechniqueSection
from phitune_gui.core.value import Value
from phitune_gui.planning.figures import count
from phitune_gui.planning.fitted import Ground, fitted, obstacle
from phitune_gui.planning.learning_checks import check_quantisation
from phitune_gui.planning.words import in_words


class TechniqueOption(Value):
    """One setting of a technique, as its form and `-o technique.NAME=` take it."""

    name: str
    title: str
    help: str
    default: Any
    advanced: bool


class TechniqueRow(Value):
    """One technique. `reason` says why it does not work here, or what it needs; `memory_bytes` is that of the defaults, as written."""

    id: str
    label: str
    summary: str
    when: str
    costs: str
    options: tuple[TechniqueOption, ...]
    can_merge: bool
    can_export: bool
    works_here: bool
    reason: str
    only_changed: bool
    """Whether it fits here after the changes of *Make it fit* only."""
    trainable_parameters: int
    memory_bytes: int
    seconds: float = Field(0.0, exclude=True)
    """Time of the run as it fits here; 0 while unknown."""
    launchers: tuple[str, ...]
    """Ids of the launchers that it may be started with."""


def technique_matrix(ground: Ground) -> tuple[TechniqueRow, ...]:
    """Every technique that PhiTune offers, in the catalog's order, planned with its defaults."""
    return tuple(_row(offered, ground) for offered in TECHNIQUES)


def technique_refusals(ground: Ground) -> dict[str, str]:
    """Ids of the techniques that do not work here whatever else is chosen, each with the reason."""
    found = {offered.id: _refusal(Recipe(technique=TechniqueSection(id=offered.id)), ground) for offered in TECHNIQUES}
    return {id: reason for id, reason in found.items() if reason}


def _refusal(recipe: Recipe, ground: Ground) -> str:
    figures = count(recipe, ground.model, ground.report)
    found = (*technique_problems(recipe.technique, ground.model), *check_quantisation(figures, ground.hardware))
    return next((problem.what for problem in found if problem.severity == "problem"), "")


def _row(offered: Technique[Any], ground: Ground) -> TechniqueRow:
    made = fitted(Recipe(technique=TechniqueSection(id=offered.id)), ground)
    blocked, memory = obstacle(made.plan, ground.hardware), made.plan.memory
    needs = f"Needs {in_words(made.written_bytes)} of memory, and {in_words(memory.available_bytes)} are free"
    fits = f"; Make it fit brings it down to {in_words(memory.total_bytes)}" if made.changes else ""
    return TechniqueRow(
        id=offered.id, label=offered.label, summary=offered.summary, when=offered.when, costs=offered.costs, options=_options(offered),
        can_merge=offered.can_merge, can_export=offered.can_export, works_here=blocked is None,
        reason=blocked.what if blocked else f"{needs}{fits}.", only_changed=blocked is None and bool(made.changes),
        trainable_parameters=made.plan.trainable_parameters, memory_bytes=made.written_bytes,
        seconds=made.plan.time_seconds, launchers=launchers_for(offered.id),
    )  # fmt: skip


def _options(offered: Technique[Any]) -> tuple[TechniqueOption, ...]:
    defaults = offered.options().model_dump(mode="json")
    fields = offered.options.model_fields
    return tuple(
        TechniqueOption(
            name=name, title=field.title or name, help=field.description or "", default=defaults[name],
            advanced=isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get("advanced")),
        )
        for name, field in fields.items()
    )  # fmt: skip
