"""What the two formats with lists of turns share: knowing and checking the list, and telling the assistant which tools it has."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from phitune_gui.catalog.formats.dataset_format import BadRow, ColumnRole, Row, chat, is_preference
from phitune_gui.core.messages import Conversation, Message

CALLS_NOTE = "Calls of tools are learned as the text they are written in, and offered tools are told in the system text."


def looks_like_turns(row: Row, turns: ColumnRole, speaker: str) -> float:
    """Certain when the column is a list of objects that name their speaker under this key."""
    name = turns.column(row, {})
    value = row[name] if name is not None else None
    if is_preference(row) or not isinstance(value, list):
        return 0.0
    return 1.0 if all(isinstance(turn, Mapping) and speaker in turn for turn in value) else 0.3


def turn_objects(value: Any, name: str) -> list[Mapping[str, Any]]:
    """The turns as objects. Raises BadRow when `value` is no list or one of its parts is no object."""
    if not isinstance(value, list | tuple):
        raise BadRow(f"'{name}' is not a list of messages.", f"Write '{name}' as a list of objects.")
    for number, turn in enumerate(value, 1):
        if not isinstance(turn, Mapping):
            raise BadRow(f"Message {number} is not an object.", "Write every message as an object with its role and its text.")
    return list(value)


def chat_with_tools(turns: Sequence[Message], tools: Any, calls: bool) -> Conversation:
    """The conversation of these turns, with the offered tools told; a note says so when there are any, or `calls` of them."""
    told = _told(turns, tools)
    is_noted = calls or told != list(turns)
    return chat(told).model_copy(update={"notes": (CALLS_NOTE,)}) if is_noted else chat(told)


def _told(turns: Sequence[Message], tools: Any) -> list[Message]:
    """The turns with the offered tools at the end of the system text, or in a system text of their own."""
    if not tools or (isinstance(tools, str) and tools.strip() in ("", "[]")):
        return list(turns)
    told = "Tools that can be called:\n" + (tools if isinstance(tools, str) else json.dumps(tools, ensure_ascii=False))
    if turns and turns[0].role == "system":
        return [Message(role="system", content=f"{turns[0].content}\n\n{told}"), *turns[1:]]
    return [Message(role="system", content=told), *turns]
