"""Texts with their translation: the user asks for it, the assistant gives it."""

from collections.abc import Mapping
from typing import Any

from phitune_gui.catalog.formats.dataset_format import (
    BadRow,
    ColumnRole,
    Columns,
    DatasetFormat,
    Row,
    ask,
    has_roles,
    is_preference,
    text_of,
)
from phitune_gui.core.messages import Conversation

SOURCE = ColumnRole("source", "The text that is translated.", ("source", "source_text", "src", "translation"))
TARGET = ColumnRole("target", "Its translation, which is learned.", ("target", "target_text", "tgt", "translation"))
SOURCE_LANGUAGE = ColumnRole(
    "source_language", "The language of the text; named in the question.", ("source_language", "source_lang", "src_lang"), required=False
)
TARGET_LANGUAGE = ColumnRole(
    "target_language", "The language of the translation; named in the question.", ("target_language", "target_lang", "tgt_lang"),
    required=False,
)  # fmt: skip


def looks_like(row: Row) -> float:
    """Certain when a source and a target are there as texts, or a translation with two languages."""
    if is_preference(row) or not has_roles(row, (SOURCE, TARGET)):
        return 0.0
    source, target = (role.value(row, {}) for role in (SOURCE, TARGET))
    if isinstance(source, Mapping) or isinstance(target, Mapping):
        return 1.0 if source is target and len(source) == 2 else 0.0
    return 1.0 if SOURCE.column(row, {}) != TARGET.column(row, {}) and not isinstance(source, list) else 0.0


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The user asks for the translation, from and into the languages that the row names."""
    source, target = SOURCE.value(row, columns), TARGET.value(row, columns)
    spoken, wanted = SOURCE_LANGUAGE.text(row, columns), TARGET_LANGUAGE.text(row, columns)
    if isinstance(source, Mapping) and source is target:
        (spoken, source), (wanted, target) = _pair(source)
    source, target = text_of(source, SOURCE.id), text_of(target, TARGET.id)
    if not source.strip():
        raise BadRow("The source is empty.", "Fill in the source, or leave the row out.")
    languages = f"{f' from {spoken.strip()}' if spoken.strip() else ''}{f' into {wanted.strip()}' if wanted.strip() else ''}"
    return ask(f"Translate this text{languages}.\n\n{source}", target)


def _pair(translation: Mapping[str, Any]) -> tuple[tuple[str, Any], tuple[str, Any]]:
    """The two languages with their texts, in the order of the row."""
    if len(translation) != 2:
        raise BadRow("The translation does not have two languages.", 'Write it as {"en": "...", "de": "..."}.')
    first, second = translation.items()
    return first, second


FORMAT = DatasetFormat(
    id="translation",
    label="Translations",
    summary=(
        "Each row has a source and a target, perhaps with their languages, or a translation with a text for each of two languages. "
        "The user's turn asks for the translation, the answer is the target."
    ),
    roles=(SOURCE, TARGET, SOURCE_LANGUAGE, TARGET_LANGUAGE),
    looks_like=looks_like,
    to_messages=to_messages,
)
