"""Turns what pydantic says about a technique's options into sentences that name the field and its limits."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from phitune_gui.core.problem import Problem
from phitune_gui.core.value import Value


def option_errors(label: str, options: type[Value], error: ValidationError) -> Iterator[Problem]:
    """One Problem per faulty option, at `technique.<option>`."""
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        if fault["type"] == "extra_forbidden":
            yield _unknown(label, options, name)
        else:
            yield _faulty(options, name, fault.get("input"))


def _unknown(label: str, options: type[Value], name: str) -> Problem:
    known = ", ".join(options.model_fields) or "none"
    return Problem(
        where=f"technique.{name}",
        what=f"{label} has no option named {name}.",
        how_to_fix=f"Remove technique.{name}; the options of {label} are: {known}.",
    )


def _faulty(options: type[Value], name: str, value: Any) -> Problem:
    title = options.model_fields[name].title or name
    allowed = allowed_values(options, name)
    shown = value if isinstance(value, int | float) else repr(value)[:60]
    return Problem(
        where=f"technique.{name}",
        what=f"{title} (technique.{name}) is {shown}, but it must be {allowed}.",
        how_to_fix=f"Set technique.{name} to {allowed}.",
    )


def allowed_values(options: type[Value], name: str) -> str:
    """What an option may be, in words: `a whole number from 1 to 1024`."""
    schema = options.model_json_schema()["properties"][name]
    schema = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    kind = {
        "integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text", "array": "a list of names",
    }.get(str(schema.get("type")), "one of the allowed values")  # fmt: skip
    if schema.get("items", {}).get("type") == "integer":
        return "a list of whole numbers such as 0, 2, 16-31"
    if "enum" in schema:
        return "one of " + ", ".join(str(choice) for choice in schema["enum"])
    return kind + _limits(schema)


def _limits(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {_plain(low)} to {_plain(high)}"
    words = ((low, "of at least"), (above, "above"), (high, "up to" if above is not None else "of at most"), (below, "below"))
    if "maxLength" in schema:
        return f" of at most {schema['maxLength']} characters"
    limits = " and ".join(f"{word} {_plain(limit)}" for limit, word in words if limit is not None)
    return f" {limits}" if limits else ""


def _plain(limit: float) -> str:
    return f"{limit:,.0f}" if limit >= 10_000 else f"{limit:g}"
