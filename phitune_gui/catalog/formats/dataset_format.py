"""What a dataset format is, and the few rules by which every format turns a row into a conversation."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from phitune_gui.core.messages import Conversation, Message

Row = Mapping[str, Any]
"""One data row as read: its columns by name."""
Columns = Mapping[str, str]
"""Which column plays which role, as the person said it: role -> column name. Empty means the usual names."""


class BadRow(ValueError):
    """A row that cannot be used: the message says why in one sentence, `fix` how to mend it."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class ColumnRole:
    """A part a column can play. `usual` are the names under which it is found without being told, in order of preference."""

    id: str
    help: str
    usual: tuple[str, ...]
    required: bool = True

    def column(self, row: Row, columns: Columns) -> str | None:
        """The name of the row's column for this role; None when it has none. Upper and lower case are the same."""
        wanted = columns.get(self.id)
        if wanted is not None:
            return named_column(row, wanted)
        return next((found for name in self.usual if (found := named_column(row, name)) is not None), None)

    def named(self, said: str) -> tuple[str, ...]:
        """The columns that are meant by what was said for this role. May raise BadRow for what cannot be meant."""
        return (said,)

    def found(self, row: Row, columns: Columns) -> bool:
        """Whether the row has what this role needs."""
        return self.column(row, columns) is not None

    def value(self, row: Row, columns: Columns) -> Any:
        """What the row holds for this role; None when an optional column is missing. Raises BadRow when a required one is."""
        name = self.column(row, columns)
        if name is None and self.required:
            wanted = columns.get(self.id, self.usual[0])
            raise BadRow(f"The key '{wanted}' is missing.", f"Add '{wanted}' to this row, or leave the row out.")
        return None if name is None else row[name]

    def text(self, row: Row, columns: Columns) -> str:
        """The role's text; "" for an optional one that is missing. Raises BadRow for what is missing, empty or no text."""
        text = text_of(self.value(row, columns), self.id)
        if self.required and not text.strip():
            raise BadRow(f"The {self.id} is empty.", f"Fill in the {self.id}, or leave the row out.")
        return text


def named_column(row: Row, name: str) -> str | None:
    """The row's column of this name; upper and lower case and spaces around it are the same. None when it has none."""
    if name in row:
        return name
    lowered = name.strip().lower()
    return next((key for key in row if key.strip().lower() == lowered), None)


def text_of(value: Any, what: str) -> str:
    """The text of a cell: strings as they are, numbers and yes/no in words, nothing as "". Raises BadRow for lists and objects."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    raise BadRow(f"The {what} is not a text but {_kind(value)}.", f"Write the {what} as one text.")


def _kind(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "a list"
    return "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def chat(messages: Iterable[Message]) -> Conversation:
    """The conversation of these turns. Raises BadRow unless someone asks, and a non-empty answer comes last."""
    turns = tuple(messages)
    if not turns:
        raise BadRow("The conversation has no messages.", "Add a question and its answer, or leave the row out.")
    if turns[-1].role != "assistant":
        raise BadRow("The last message is not from the assistant.", "End the conversation with the answer that is to be learned.")
    if not any(turn.role in ("user", "tool") for turn in turns):
        raise BadRow("Nobody asks anything: there is no user message.", "Add the user's message before the answer.")
    for number, turn in enumerate(turns, 1):
        if not turn.content.strip() and turn.role in ("user", "assistant"):
            whose = "answer" if turn.role == "assistant" else "user's message"
            raise BadRow(f"The {whose} is empty (message {number}).", f"Fill in the {whose}, or leave the row out.")
    return Conversation(messages=turns)


def ask(question: str, answer: str, system: str = "") -> Conversation:
    """A question and its answer, with a system text before them when there is one."""
    first = [Message(role="system", content=system)] if system.strip() else []
    return chat([*first, Message(role="user", content=question), Message(role="assistant", content=answer)])


def ask_below(context: str, question: str, answer: str) -> Conversation:
    """A question and its answer, with what the question is about put above it when there is something."""
    return ask(f"{context}\n\n{question}" if context.strip() else question, answer)


def found_in(rows: Iterable[Row], words_of: Callable[[Row], Iterable[str]], most: int) -> list[str]:
    """The different words of all rows in alphabetical order; a bad row is passed over, it is said when it is turned into messages.

    With more than `most` of them they are of no use, and the rest of the rows is not looked at.
    """
    found: set[str] = set()
    for row in rows:
        if len(found) > most:
            break
        try:
            found.update(words_of(row))
        except BadRow:
            continue
    return sorted(found)


def has_roles(row: Row, roles: Iterable[ColumnRole]) -> bool:
    """True when each of these roles finds its column under a usual name."""
    return all(role.found(row, {}) for role in roles)


def is_preference(row: Row) -> bool:
    """True for rows that hold a better and a worse answer: no other format may take them for ordinary conversations."""
    return {"chosen", "rejected"} <= {name.strip().lower() for name in row}


@dataclass(frozen=True, slots=True)
class DatasetFormat:
    """One way to write a dataset. `looks_like` says from 0 to 1 how much a row looks like it.

    `to_messages` raises BadRow (a ValueError) with a sentence for a row that cannot be used.
    `learn_columns`, where a format has one, sees all rows first, once, and may add to the columns that `to_messages` is given.
    """

    id: str
    label: str
    summary: str
    roles: tuple[ColumnRole, ...]
    looks_like: Callable[[Row], float]
    to_messages: Callable[[Row, Columns], Conversation]
    learn_columns: Callable[[Iterable[Row], Columns], Columns] | None = None

    @property
    def is_written(self) -> bool:
        """Whether the person has to write something for it, so that no rows are ever taken for it unasked."""
        return any(role.required and not role.usual for role in self.roles)

    def wants(self) -> str:
        """The columns this format needs, in words: `question, answer`."""
        return ", ".join(role.id for role in self.roles if role.required)
