"""Reads texts with columns in braces: `Translate to {language}: {text}`; `{{` and `}}` are the braces themselves."""

import re
from functools import lru_cache
from typing import NamedTuple

from phitune_gui.catalog.formats.dataset_format import BadRow

_MARKS = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_SHOWN = 60
_FIX = "Write a column's name between { and }, and {{ or }} where a brace itself is meant."


class BadTemplate(BadRow):
    """A template that no row can be put into: the message says why in one sentence, `fix` how to mend it."""


class Piece(NamedTuple):
    """A part of a template: the name of a column, or text that stays as it is."""

    text: str
    is_column: bool


@lru_cache(maxsize=64)
def pieces(template: str) -> tuple[Piece, ...]:
    """The template's parts in order. Raises BadTemplate for braces that do not pair and for braces around nothing."""
    found: list[Piece] = []
    at = 0
    for mark in _MARKS.finditer(template):
        found.append(Piece(template[at : mark.start()], is_column=False))
        found.append(_piece(mark[0], template))
        at = mark.end()
    found.append(Piece(template[at:], is_column=False))
    return tuple(piece for piece in found if piece.text)


def columns_in(template: str) -> tuple[str, ...]:
    """The names of the columns that the template uses, each once. Raises BadTemplate."""
    return tuple(dict.fromkeys(piece.text for piece in pieces(template) if piece.is_column))


def _piece(mark: str, template: str) -> Piece:
    if mark in ("{{", "}}"):
        return Piece(mark[0], is_column=False)
    if mark in ("{", "}"):
        lacks = "a { that no } closes" if mark == "{" else "a } that no { opens"
        raise BadTemplate(f"The template “{_short(template)}” has {lacks}.", _FIX)
    if not mark[1:-1].strip():
        raise BadTemplate(f"The template “{_short(template)}” has braces with no column's name between them.", _FIX)
    return Piece(mark[1:-1], is_column=True)


def _short(template: str) -> str:
    return template if len(template) <= _SHOWN else f"{template[: _SHOWN - 3]}..."
