"""Finds out how a file's rows are to be understood, and says how sure that is and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from phitune_gui.catalog.formats import FORMATS, format_by_id, unknown_format
from phitune_gui.catalog.formats.classification import LABELS
from phitune_gui.catalog.formats.dataset_format import DatasetFormat
from phitune_gui.catalog.formats.vision import FIX, shows_pictures
from phitune_gui.core.listing import listed
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection

LOOKED_AT_ROWS = 200
LEAST_CERTAINTY = 0.5
_MOST_COLUMNS = 30

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Detection:
    """The format, from 0 to 1 how sure that is, and why in one sentence; `is_said` when the person chose the format or the columns."""

    format: DatasetFormat
    certainty: float
    reason: str
    is_said: bool = False


def detect(rows: Rows, data: DataSection, file: str) -> Detection:
    """The format of these first rows of `file`; what the recipe says overrules. Raises CannotStart when none fits."""
    if data.format != "auto":
        return _chosen(rows, data, file)
    if set(data.columns) - {LABELS}:
        return _mapped(rows, data, file)
    _refuse_pictures(rows, file)
    scores = [(sum(each.looks_like(row) for row in rows) / len(rows), each) for each in FORMATS]
    certainty, best = max(scores, key=lambda score: score[0])
    if certainty < LEAST_CERTAINTY:
        raise _unrecognised(rows, FORMATS, data, file)
    return Detection(best, certainty, _reason(rows, best, data))


def _refuse_pictures(rows: Rows, file: str) -> None:
    """Raises CannotStart for a dataset of pictures; a few rows with pictures among others are rejected one by one."""
    pictures = sum(shows_pictures(row) for row in rows)
    if pictures >= LEAST_CERTAINTY * len(rows):
        what = f"{pictures} of the {len(rows)} rows looked at have pictures, and the models that PhiTune trains read only text."
        raise CannotStart(file, what, FIX, column_names(rows))


def column_names(rows: Rows) -> tuple[str, ...]:
    """Every column of these rows, in the order of first appearance."""
    return tuple(dict.fromkeys(name for row in rows for name in row))


def _chosen(rows: Rows, data: DataSection, file: str) -> Detection:
    if unknown := unknown_format(data.format):
        raise CannotStart.because(unknown)
    chosen = format_by_id(data.format)
    _check_columns(rows, (chosen,), data, file)
    if not _fitting(rows, chosen, data):
        raise _unrecognised(rows, (chosen,), data, file)
    return Detection(chosen, 1.0, f"It was chosen; {_reason(rows, chosen, data)}", is_said=True)


def _mapped(rows: Rows, data: DataSection, file: str) -> Detection:
    """The format that knows all the roles columns were given to."""
    _check_columns(rows, FORMATS, data, file)
    known = [each for each in FORMATS if set(data.columns) <= {role.id for role in each.roles} | {LABELS}]
    fitting = [(_fitting(rows, each, data), each) for each in known]
    hits, best = max(fitting, key=lambda fit: fit[0], default=(0, FORMATS[0]))
    if hits < LEAST_CERTAINTY * len(rows):
        raise _unrecognised(rows, known or FORMATS, data, file)
    return Detection(best, hits / len(rows), _reason(rows, best, data), is_said=True)


def _check_columns(rows: Rows, formats: Sequence[DatasetFormat], data: DataSection, file: str) -> None:
    roles = list(dict.fromkeys(role.id for each in formats for role in each.roles))
    names = column_names(rows)
    lowered = {name.strip().lower() for name in names}
    for role, column in data.columns.items():
        if role == LABELS:
            continue
        if role not in roles:
            raise CannotStart("data.columns", f"There is no role '{role}'.", f"Choose one of: {', '.join(roles)}.", names)
        if column.strip().lower() not in lowered:
            what = f"There is no column '{column}'. The file has: {listed(names, _MOST_COLUMNS)}."
            raise CannotStart(file, what, "Choose one of these columns.", names)


def _fitting(rows: Rows, each: DatasetFormat, data: DataSection) -> int:
    needed = [role for role in each.roles if role.required]
    return sum(all(role.column(row, data.columns) is not None for role in needed) for row in rows)


def _reason(rows: Rows, best: DatasetFormat, data: DataSection) -> str:
    needed = [data.columns.get(role.id) or role.column(rows[0], {}) or role.id for role in best.roles if role.required]
    return f"{_fitting(rows, best, data)} of the {len(rows)} rows looked at have {listed(needed, _MOST_COLUMNS)}."


def _unrecognised(rows: Rows, formats: Sequence[DatasetFormat], data: DataSection, file: str) -> CannotStart:
    """Names the columns found, the columns wanted, and how to say which is which."""
    wanted = "; ".join(f"{each.wants()} ({each.label})" for each in formats)
    nearest = max(formats, key=lambda each: _share_found(rows[0], each, data))
    example = " ".join(f"--map {role.id}={_found(rows[0], role.id, nearest, data)}" for role in nearest.roles if role.required)
    names = column_names(rows)
    return CannotStart(
        file,
        f"PhiTune does not recognise these rows. The columns found are: {listed(names, _MOST_COLUMNS)}. Wanted are: {wanted}.",
        "Rename the columns, or say which column plays which role.",
        names,
        f"Like this: {example}.",
    )


def _share_found(row: Mapping[str, Any], each: DatasetFormat, data: DataSection) -> float:
    needed = [role for role in each.roles if role.required]
    return sum(role.column(row, data.columns) is not None for role in needed) / len(needed)


def _found(row: Mapping[str, Any], role_id: str, nearest: DatasetFormat, data: DataSection) -> str:
    role = next(role for role in nearest.roles if role.id == role_id)
    return role.column(row, data.columns) or "ColumnName"
