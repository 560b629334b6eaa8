"""What a typed field takes, as it was declared: whether a value is within its limits, and the limits in words."""

from typing import Annotated, Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication


def as_declared(field: FieldInfo, value: Any) -> Any:
    """The value as the field keeps it. Raises ValidationError for one that it may not have."""
    declared: Any = Annotated[field.annotation, *field.metadata]
    return TypeAdapter(declared).validate_python(value)


def within_limits(field: FieldInfo, value: Any) -> bool:
    """Whether the field may have this value."""
    try:
        as_declared(field, value)
    except ValidationError:
        return False
    return True


def allowed_text(field: FieldInfo, kind: type, *, optional: bool) -> str:
    """`a number above 0, up to 100`; says too when the field may be left empty."""
    limits = {name: getattr(limit, name) for limit in field.metadata for name in ("gt", "ge", "lt", "le") if hasattr(limit, name)}
    said = {
        "gt": _tr("above {limit}"), "ge": _tr("from {limit}"), "lt": _tr("below {limit}"), "le": _tr("up to {limit}"),
    }  # fmt: skip
    bounds = ", ".join(said[name].format(limit=f"{limit:,}") for name, limit in limits.items())
    nouns = {int: _tr("a whole number"), float: _tr("a number")}
    noun = _tr("numbers such as 0, 2, 16-31") if int in get_args(kind) else nouns.get(kind, _tr("another text"))
    what = " ".join(part for part in (noun, bounds) if part)
    return _tr("{what}, or nothing").format(what=what) if optional else what


def _tr(text: str) -> str:
    return QCoreApplication.translate("FieldLimits", text)
