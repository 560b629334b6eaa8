"""The chat format of OpenAI's API: a list `messages` of objects with `role` and `content`."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from phitune_gui.catalog.formats.dataset_format import BadRow, ColumnRole, Columns, DatasetFormat, Row, text_of
from phitune_gui.catalog.formats.turns import chat_with_tools, looks_like_turns, turn_objects
from phitune_gui.core.messages import Conversation, Message, Role

MESSAGES = ColumnRole("messages", "The list of turns, each with role and content.", ("messages", "conversations"))
TOOLS = ColumnRole("tools", "What the assistant may call; shown to it in the system text.", ("tools", "functions"), required=False)
ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool", "function": "tool",
}  # fmt: skip


def looks_like(row: Row) -> float:
    """Certain when `messages` is a list of objects with role and content."""
    return looks_like_turns(row, MESSAGES, "role")


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The turns with OpenAI's role names in ours; offered tools are told in the system text."""
    turns = turn_objects(MESSAGES.value(row, columns), MESSAGES.id)
    has_calls = any(_calls(turn) for turn in turns)
    return chat_with_tools([message_of(turn) for turn in turns], TOOLS.value(row, columns), has_calls)


def message_of(turn: Mapping[str, Any]) -> Message:
    """The turn in our words. Raises BadRow for an unknown role and for what is not text."""
    name = turn.get("role")
    role = ROLES.get(name) if isinstance(name, str) else None
    if role is None:
        raise BadRow(f"The role {name!r} is unknown.", f"Use one of: {', '.join(ROLES)}.")
    return Message(role=role, content=_content(turn, role))


def _content(turn: Mapping[str, Any], role: Literal["system", "user", "assistant", "tool"]) -> str:
    content, calls = turn.get("content"), _calls(turn)
    if "content" not in turn and not calls:
        raise BadRow(f"A message of the {role} has no content.", "Add the key 'content' to every message.")
    text = "".join(_part(part) for part in content) if isinstance(content, list) else text_of(content, "content of a message")
    if not calls:
        return text
    called = json.dumps(calls, ensure_ascii=False)
    return f"{text}\n{called}" if text.strip() else called


def _calls(turn: Mapping[str, Any]) -> Any:
    """What the assistant calls in this turn, as the row holds it; nothing where it calls nothing."""
    return turn.get("tool_calls") or turn.get("function_call")


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return str(part["text"])
    raise BadRow("A message holds something that is not text.", "Leave pictures and sound out; text models learn from text.")


FORMAT = DatasetFormat(
    id="openai_messages",
    label="Chat messages (OpenAI)",
    summary="Each row has a list 'messages'; each message has a role (system, user, assistant) and a content.",
    roles=(MESSAGES, TOOLS),
    looks_like=looks_like,
    to_messages=to_messages,
)
