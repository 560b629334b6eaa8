"""The titles that forms give to a recipe's fields, for sentences that name a field as a file or command line writes it."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from PySide6.QtCore import QCoreApplication

from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.ui.translation import declared

_DOTTED = re.compile(r"\b[a-z]+(?:\.[a-z_]+)+\b")


def field_title(dotted: str) -> str | None:
    """`data.max_length` -> `Longest conversation`, in the person's language; None when the recipe has no such field."""
    title = _titles().get(dotted)
    return declared(title) if title else None


def with_titles(sentence: str) -> str:
    """The sentence with each dotted field name replaced by its title in quotation marks."""
    return _DOTTED.sub(lambda found: f"“{title}”" if (title := field_title(found[0])) else found[0], sentence)


def wrong_field_problems(faults: Mapping[str, str]) -> tuple[Problem, ...]:
    """What is typed in forms and cannot be used, as problems that block Start."""
    what = QCoreApplication.translate("FieldTitles", "“{field}” has no value.")
    return tuple(Problem(where=name, what=what.format(field=field_title(name) or name), how_to_fix=why) for name, why in faults.items())


@cache
def _titles() -> dict[str, str]:
    options = [entry for technique in TECHNIQUES for entry in _walk(technique.options, "technique.")]
    return dict([*options, *_walk(Recipe, "")])


def _walk(owner: Any, prefix: str) -> list[tuple[str, str]]:
    found = []
    for name, field in owner.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += _walk(field.annotation, f"{prefix}{name}.")
        elif field.title:
            found.append((f"{prefix}{name}", field.title))
    return found
