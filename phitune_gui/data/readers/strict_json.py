"""Reads one JSON object, with the limits and the sentences that strangers' files need."""

import re
from collections import Counter
from typing import Any

import orjson

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.data.readers.data_row import MAX_COLUMNS, MAX_DEPTH

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING_AND_COLON = re.compile(rb"(" + _STRING + rb")(\s*+:)?", re.DOTALL)
_COLON_APART = re.compile(rb'"\s++:')
_BRACKET = re.compile(_STRING + rb"|([\[{])|([\]}])", re.DOTALL)
_NOT_JSON_NUMBER = re.compile(rb"[:\[,]\s*(NaN|-?Infinity|None|True|False|undefined)\b")


def parse_object(text: bytes) -> dict[str, Any]:
    """The object written in `text`. Raises BadRow for everything else, deep nesting and keys that stand twice included."""
    if _is_too_deep(text):
        raise BadRow(f"The row is nested deeper than {MAX_DEPTH} levels.", "Rows are flat or hold one list of messages.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _explained(text, error) from None
    if not isinstance(value, dict):
        raise BadRow("The row is not an object.", 'Write every row as an object, like {"question": "...", "answer": "..."}.')
    if len(value) > MAX_COLUMNS:
        raise BadRow(f"The row has {len(value):,} keys; PhiTune reads at most {MAX_COLUMNS:,}.", "Keep the ones that hold the text.")
    _refuse_double_keys(text, value)
    return value


def _is_too_deep(text: bytes) -> bool:
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += (match.group(1) is not None) - (match.group(2) is not None)
        if depth > MAX_DEPTH:
            return True
    return False


def _explained(text: bytes, error: orjson.JSONDecodeError) -> BadRow:
    if (word := _NOT_JSON_NUMBER.search(text)) is not None:
        found = word.group(1).decode()
        return BadRow(f"'{found}' is not a value that JSON knows.", "Write null, true, false or a number instead.")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return BadRow("The row is not valid UTF-8.", "Save the file again as UTF-8.")
    return BadRow(f"The row is not valid JSON: {error.msg} (character {error.pos + 1}).", "Mend the row, or leave it out.")


def _refuse_double_keys(text: bytes, value: dict[str, Any]) -> None:
    """Parsers keep the last of two equal keys without a word; which one is meant cannot be known."""
    if text.count(b'":') == _count_keys(value) and not _COLON_APART.search(text):
        return  # every key is followed by a colon, so there are no more keys than such colons
    keys = [name for name, colon in _STRING_AND_COLON.findall(text) if colon]
    if len(set(keys)) == len(keys) or len(keys) == _count_keys(value):
        return
    double = Counter(keys).most_common(1)[0][0].decode("utf-8", errors="replace")
    raise BadRow(f"A key stands twice in one object (perhaps {double}).", "Leave one of them out.")


def _count_keys(value: Any) -> int:
    count = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            count += len(part)
            part = part.values()
        waiting += [item for item in part if isinstance(item, dict | list)]
    return count
