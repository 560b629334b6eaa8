"""Whether a recipe's technique can go on from an adapter that was read, and what to say where it cannot."""

from typing import Any

from phitune_gui.catalog.techniques import options_for, technique
from phitune_gui.catalog.techniques.recognise import comparable
from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.recipe import TechniqueSection


def start_problem(section: TechniqueSection, report: AdapterReport | None) -> Problem | None:
    """Why training by `section` cannot go on from the adapter of the report; None where it can, or nothing was read."""
    if report is None or report.problem is not None or report.technique is None:
        return report.problem if report else None
    return None if goes_on(section, report.technique, report.blocks) else _another_adapter(report.technique, report.became)


def goes_on(section: TechniqueSection, own: TechniqueSection, blocks: int) -> bool:
    """Whether both make adapters of the same form and effect; how they are trained may differ, as between LoRA, LoRA+ and QLoRA.

    `blocks` are those of the model: who names each of them means the same as who names none.
    """
    try:
        return not technique(section.id).starts_inside_model and _form(section, blocks) == _form(own, blocks)
    except (CannotStart, KeyError):
        return False


def _form(section: TechniqueSection, blocks: int) -> dict[str, Any]:
    words = dict(technique(section.id).peft_config(options_for(section)) or {})
    if sorted(words.get("layers_to_transform", ())) == list(range(blocks)):
        words.pop("layers_to_transform", None)
    return {key: comparable(value) for key, value in words.items() if "dropout" not in key}


def _another_adapter(own: TechniqueSection, became: str) -> Problem:
    options = {name: _written(value) for name, value in own.options.items() if name != "dropout"}
    said = ", ".join(f"{name} {value}" for name, value in options.items())
    settings = ", ".join(f"technique.{name} to {value}" for name, value in {"id": own.id, **options}.items())
    what = f"The adapter to start from is {technique(own.id).label} with {said}; the recipe's technique makes another one."
    return Problem(
        where="technique.id", what=f"{what} {became}".strip(), how_to_fix=f"Set {settings}; or leave model.adapter out to begin afresh."
    )


def _written(value: Any) -> str:
    """As a recipe and `-o` take it."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
