"""Finds out how a file's rows are to be understood, and says how sure that is and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from phitune_gui.catalog.formats import FORMATS, format_by_id, template, unknown_format
from phitune_gui.catalog.formats.classification import LABELS
from phitune_gui.catalog.formats.dataset_format import BadRow, ColumnRole, DatasetFormat
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
    _check_written(rows, chosen, data)
    if not _fitting(rows, chosen, data):
        raise _unrecognised(rows, (chosen,), data, file)
    return Detection(chosen, 1.0, f"It was chosen; {_reason(rows, chosen, data)}", is_said=True)


def _mapped(rows: Rows, data: DataSection, file: str) -> Detection:
    """The format that knows all the roles columns were given to."""
    known = [each for each in FORMATS if set(data.columns) <= {role.id for role in each.roles} | {LABELS}]
    _check_columns(rows, known or FORMATS, data, file)
    if len(known) == 1:
        _check_written(rows, known[0], data)
    fitting = [(_fitting(rows, each, data), each) for each in known]
    hits, best = max(fitting, key=lambda fit: fit[0], default=(0, FORMATS[0]))
    if hits < LEAST_CERTAINTY * len(rows):
        raise _unrecognised(rows, known or FORMATS, data, file)
    return Detection(best, hits / len(rows), _reason(rows, best, data), is_said=True)


def _check_columns(rows: Rows, formats: Sequence[DatasetFormat], data: DataSection, file: str) -> None:
    names = column_names(rows)
    for id, said in data.columns.items():
        if id == LABELS:
            continue
        role = next((role for each in formats for role in each.roles if role.id == id), None)
        if role is None:
            known = dict.fromkeys(role.id for each in formats for role in each.roles)
            raise CannotStart("data.columns", f"There is no role '{id}'.", f"Choose one of: {', '.join(known)}.", names)
        _check_said(role, said, names, file)


def _check_said(role: ColumnRole, said: str, names: tuple[str, ...], file: str) -> None:
    """Raises CannotStart for columns that are not there, and for what was meant as one and is not written so."""
    lowered = {name.strip().lower() for name in names}
    try:
        named = role.named(said)
    except BadRow as bad:
        raise CannotStart("data.columns", str(bad), bad.fix, names) from bad
    if not named and said.strip().lower() in lowered:
        what = f"The template of the {role.id} is the word “{said}”; a column of that name is put in only where it stands in braces."
        raise CannotStart("data.columns", what, f"Write {{{said}}}.", names)
    for column in named:
        if column.strip().lower() not in lowered:
            what = f"There is no column '{column}'. The file has: {listed(names, _MOST_COLUMNS)}."
            raise CannotStart(file, what, "Choose one of these columns.", names)


def _check_written(rows: Rows, chosen: DatasetFormat, data: DataSection) -> None:
    """Raises CannotStart where the format needs texts that the person has not written yet."""
    lacking = [role.id for role in chosen.roles if role.required and not role.usual and role.id not in data.columns]
    if lacking:
        names = column_names(rows)
        what = f"The format “{chosen.label}” has no text for {' and '.join(lacking)}. The columns are: {listed(names, _MOST_COLUMNS)}."
        fix = "Write what is said there, with columns in braces."
        raise CannotStart("data.columns", what, fix, names, f"Like this: {_template_options(names)}.")


def _template_options(names: Sequence[str]) -> str:
    """What a command line says for a template of these columns."""
    written = template.example(names).items()
    return " ".join(["--format template", *(f"--map {quote(f'{role}={text}')}" for role, text in written)])


def _fitting(rows: Rows, each: DatasetFormat, data: DataSection) -> int:
    needed = [role for role in each.roles if role.required]
    return sum(all(role.found(row, data.columns) for role in needed) for row in rows)


def _reason(rows: Rows, best: DatasetFormat, data: DataSection) -> str:
    needed = [name for role in best.roles if role.required for name in _named(role, rows[0], data)]
    return f"{_fitting(rows, best, data)} of the {len(rows)} rows looked at have {listed(list(dict.fromkeys(needed)), _MOST_COLUMNS)}."


def _named(role: ColumnRole, row: Mapping[str, Any], data: DataSection) -> tuple[str, ...]:
    said = data.columns.get(role.id)
    return role.named(said) if said else (role.column(row, {}) or role.id,)


def _unrecognised(rows: Rows, formats: Sequence[DatasetFormat], data: DataSection, file: str) -> CannotStart:
    """Names the columns found, the columns wanted, and how to say which is which."""
    names = column_names(rows)
    by_name = [each for each in formats if not each.is_written]
    wanted = "; ".join(f"{each.wants()} ({each.label})" for each in by_name or formats)
    ways = [f"Like this: {_mapping(rows[0], by_name, data)}."] if by_name else []
    return CannotStart(
        file,
        f"PhiTune does not recognise these rows. The columns found are: {listed(names, _MOST_COLUMNS)}. Wanted are: {wanted}.",
        f"Rename the columns, say which column plays which role, or choose the format “{template.FORMAT.label}” and write what is said.",
        names,
        " ".join([*ways, f"Any columns can be put into texts of your own: {_template_options(names)}."]),
    )


def _mapping(row: Mapping[str, Any], formats: Sequence[DatasetFormat], data: DataSection) -> str:
    """What a command line says to give columns the roles of the nearest of these formats."""
    nearest = max(formats, key=lambda each: _share_found(row, each, data))
    needed = [role for role in nearest.roles if role.required]
    return " ".join(f"--map {role.id}={role.column(row, data.columns) or 'ColumnName'}" for role in needed)


def _share_found(row: Mapping[str, Any], each: DatasetFormat, data: DataSection) -> float:
    needed = [role for role in each.roles if role.required]
    return sum(role.found(row, data.columns) for role in needed) / len(needed)
