"""Words with tags: the model is asked which names are in the text, or which tag each word has, and answers line by line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from phitune_gui.catalog.formats.classification import LABELS, MOST_LABELS
from phitune_gui.catalog.formats.dataset_format import (
    BadRow,
    ColumnRole,
    Columns,
    DatasetFormat,
    Row,
    ask,
    found_in,
    has_roles,
    is_preference,
    text_of,
)
from phitune_gui.core.messages import Conversation

TOKENS = ColumnRole("tokens", "The words of the text, as a list.", ("tokens", "words"))
TAGS = ColumnRole("tags", "The tag of each word, as a list.", ("tags", "ner_tags", "pos_tags", "labels"))
NOTHING = "None."
"""The answer for a text without names."""
MOST_FOUND = 10_000
"""Tags that are kept apart while they are looked for; more are no tags."""
_SPAN = re.compile(r"(?:O|[BIELSU]-.+)")


def looks_like(row: Row) -> float:
    """Certain when words and tags are lists of the same length."""
    if is_preference(row) or not has_roles(row, (TOKENS, TAGS)):
        return 0.0
    tokens, tags = TOKENS.value(row, {}), TAGS.value(row, {})
    return 1.0 if isinstance(tokens, list) and isinstance(tags, list) and len(tokens) == len(tags) else 0.0


def learn_columns(rows: Iterable[Row], columns: Columns) -> Columns:
    """The columns with the tags found in the data added, in alphabetical order."""
    if LABELS in columns:
        return columns
    return {**columns, LABELS: ", ".join(found_in(rows, lambda row: [tag for _, tag in _tagged(row, columns)], MOST_FOUND))}


def to_messages(row: Row, columns: Columns) -> Conversation:
    """Names with their kinds where the tags mark spans (B-PER, I-PER, O), else every word with its tag."""
    tagged = _tagged(row, columns)
    known = [tag.strip() for tag in columns.get(LABELS, "").split(",") if tag.strip()] or [tag for _, tag in tagged]
    text = " ".join(word for word, _ in tagged)
    if not all(_SPAN.fullmatch(tag) for tag in known):
        tags = f" The tags are: {', '.join(dict.fromkeys(known))}." if LABELS in columns and len(known) <= MOST_LABELS else ""
        answer = "\n".join(f"{word}: {tag}" for word, tag in tagged)
        return ask(f"Which tag has each word? Answer with one line for each: word: tag.{tags}\n\nText: {text}", answer)
    kinds = sorted({tag[2:] for tag in known if tag != "O"})
    listed = f" The kinds are: {', '.join(kinds)}." if LABELS in columns and kinds and len(kinds) <= MOST_LABELS else ""
    question = f"Which names are in the text? Answer with one line for each: name: kind.{listed}"
    return ask(f"{question}\n\nText: {text}", "\n".join(f"{name}: {kind}" for name, kind in _names(tagged)) or NOTHING)


def _tagged(row: Row, columns: Columns) -> list[tuple[str, str]]:
    """Each word with its tag. Raises BadRow unless both are lists of texts and equally long."""
    words, tags = TOKENS.value(row, columns), TAGS.value(row, columns)
    for role, value in ((TOKENS, words), (TAGS, tags)):
        if not isinstance(value, list):
            raise BadRow(f"The {role.id} are not a list.", f"Write the {role.id} as a list.")
    if not words:
        raise BadRow("The tokens are empty.", "Fill in the tokens, or leave the row out.")
    if len(words) != len(tags):
        raise BadRow(f"There are {len(words)} tokens but {len(tags)} tags.", "Give every token one tag.")
    names = [name.strip() for name in columns.get(LABELS, "").split(",")]
    return [(text_of(word, "token"), _name(tag, names)) for word, tag in zip(words, tags, strict=True)]


def _name(tag: Any, names: Sequence[str]) -> str:
    """The tag's name; a number is the place from 0 of its name among `names`."""
    if not isinstance(tag, int):
        return text_of(tag, "tag").strip()
    if 0 <= tag < len(names) and names[tag]:
        return names[tag]
    raise BadRow(
        f"The tag {tag} is a number, and nothing says what it means.",
        f"Write the names of the tags, such as B-PER and O, or list them in the order of their numbers as the column '{LABELS}'.",
    )


def _names(tagged: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The marked spans with their kinds, in order; a span goes on while the next word is inside (I, E, L) of the same kind."""
    name: list[str] = []
    kind = ""
    for word, tag in (*tagged, ("", "O")):
        if name and not (tag[:2] in ("I-", "E-", "L-") and tag[2:] == kind):
            yield " ".join(name), kind
            name = []
        if tag != "O":
            name.append(word)
            kind = tag[2:]


FORMAT = DatasetFormat(
    id="ner",
    label="Words with tags",
    summary=(
        "Each row has a list of tokens and a list of tags. Where the tags mark names (B-PER, I-PER, O) the user's turn asks for the names "
        "in the text and the answer lists them with their kinds; otherwise the answer gives every word with its tag."
    ),
    roles=(TOKENS, TAGS),
    looks_like=looks_like,
    to_messages=to_messages,
    learn_columns=learn_columns,
)
