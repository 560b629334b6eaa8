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
    return None if goes_on(section, report.technique) else _another_adapter(report.technique, report.became)


def goes_on(section: TechniqueSection, own: TechniqueSection) -> bool:
    """Whether both make adapters of the same form and effect; how they are trained may differ, as between LoRA, LoRA+ and QLoRA."""
    try:
        return not technique(section.id).starts_inside_model and _form(section) == _form(own)
    except (CannotStart, KeyError):
        return False


def _form(section: TechniqueSection) -> dict[str, Any]:
    words = technique(section.id).peft_config(options_for(section)) or {}
    return {key: comparable(value) for key, value in words.items() if "dropout" not in key}


def _another_adapter(own: TechniqueSection, became: str) -> Problem:
    options = {name: _written(value) for name, value in own.options.items() if name != "dropout"}
    said = ", ".join(f"{name} {value}" for name, value in options.items())
    settings = ", ".join(f"technique.{name} to {value}" for name, value in {"id": own.id, **options}.items())
    what = f"The adapter to start from is {own.id} with {said}; the recipe's technique makes another one."
    return Problem(
        where="technique.id", what=f"{what} {became}".strip(), how_to_fix=f"Set {settings}; or leave model.adapter out to begin afresh."
    )


def _written(value: Any) -> str:
    """As a recipe and `-o` take it."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
