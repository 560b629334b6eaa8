"""What forms call a recipe's fields and their values, for sentences that name them as a file or command line writes them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import DataSource, Recipe
from phitune_gui.ui.translation import choice_words, declared

_VALUE = r"[a-z0-9_]+\b(?!\.[a-z])"
_NAMED = re.compile(rf"\b([a-z]+(?:\.[a-z_]+)+)\b(?:( to one of: | to | is |=)({_VALUE}(?:(?:, | or ){_VALUE})*))?")
"""A dotted name, and the values that the sentence names after it: `launcher.id to ddp or fsdp2`, `training.epochs=2`."""

_PLACE = re.compile(r"\.\d+\.")
"""The number of a file in a dotted name; all of them have the same fields."""

_YES_NO = {"true": "on", "false": "off"}


def field_title(dotted: str) -> str | None:
    """`data.max_length` -> `Longest conversation`, in the person's language; None when the recipe has no such field."""
    title = _titles().get(_PLACE.sub(".*.", dotted))
    return declared(title) if title else None


def value_title(dotted: str, value: str) -> str | None:
    """`data.broken_rows`, `leave_out` -> `leave out`, in the person's language; None for a value that a form does not offer."""
    label = _offered().get((dotted, value))
    return declared(label) if label else None


def with_titles(sentence: str) -> str:
    """The sentence with each dotted field name, and the values named after it, as the form has them, in quotation marks."""
    return _NAMED.sub(_titled, sentence)


def _titled(found: re.Match[str]) -> str:
    name, between, values = found[1], (found[2] or "").replace("=", "\u00a0=\u00a0"), found[3] or ""
    title = field_title(name)
    if title is None:
        return found[0]
    said = re.sub(r"[a-z0-9_]+", lambda word: f"“{label}”" if (label := value_title(name, word[0])) else word[0], values)
    return f"“{title}”{between}{said}"


def wrong_field_problems(faults: Mapping[str, str]) -> tuple[Problem, ...]:
    """What is typed in forms and cannot be used, as problems that block Start."""
    what = QCoreApplication.translate("FieldTitles", "“{field}” has no value.")
    return tuple(Problem(where=name, what=what.format(field=field_title(name) or name), how_to_fix=why) for name, why in faults.items())


@cache
def _titles() -> dict[str, str]:
    return {name: field.title for name, field in _fields() if field.title}


@cache
def _offered() -> dict[tuple[str, str], str]:
    """The labels of the values that lists and check boxes offer, by field and value."""
    labels = {(name, str(value)): choice_words(value) for name, field in _fields() for value in _choices(field)}
    yes_no = {(name, value): label for name, field in _fields() if field.annotation is bool for value, label in _YES_NO.items()}
    techniques = {("technique.id", known.id): known.label for known in TECHNIQUES}
    return {**labels, **yes_no, **techniques, **{("launcher.id", known.id): known.label for known in LAUNCHERS}}


def _choices(field: FieldInfo) -> tuple[Any, ...]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


@cache
def _fields() -> tuple[tuple[str, FieldInfo], ...]:
    options = [entry for technique in TECHNIQUES for entry in _walk(technique.options, "technique.")]
    return (*options, *_walk(Recipe, ""), *_walk(DataSource, "data.sources.*."))


def _walk(owner: Any, prefix: str) -> list[tuple[str, FieldInfo]]:
    found = []
    for name, field in owner.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += _walk(field.annotation, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", field))
    return found
