"""The ShareGPT format: a list `conversations` of objects with `from` and `value`."""

from collections.abc import Mapping
from typing import Any

from phitune_gui.catalog.formats.dataset_format import BadRow, ColumnRole, Columns, DatasetFormat, Row, chat, text_of
from phitune_gui.catalog.formats.turns import looks_like_turns, offered_tools, turn_objects
from phitune_gui.core.messages import Conversation, Message, Role

CONVERSATIONS = ColumnRole("conversations", "The list of turns, each with from and value.", ("conversations", "conversation"))
SYSTEM = ColumnRole("system", "How the assistant should behave in this row.", ("system", "system_prompt"), required=False)
TOOLS = ColumnRole("tools", "What the assistant may call; shown to it in the system text.", ("tools",), required=False)
SPEAKERS: dict[str, Role] = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bot": "assistant",
    "model": "assistant", "system": "system", "function_call": "assistant", "observation": "tool", "tool": "tool",
}  # fmt: skip


def looks_like(row: Row) -> float:
    """Certain when `conversations` is a list of objects with from and value."""
    return looks_like_turns(row, CONVERSATIONS, "from")


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The turns with ShareGPT's speakers as our roles; calls of tools are answers, their results are tool turns."""
    turns = [message_of(turn) for turn in turn_objects(CONVERSATIONS.value(row, columns), CONVERSATIONS.id)]
    system = SYSTEM.text(row, columns)
    if system.strip() and not (turns and turns[0].role == "system"):
        turns.insert(0, Message(role="system", content=system))
    return chat(offered_tools(turns, TOOLS.value(row, columns)))


def message_of(turn: Mapping[str, Any]) -> Message:
    """The turn in our words. Raises BadRow for an unknown speaker and for what is not text."""
    speaker = turn.get("from")
    role = SPEAKERS.get(speaker) if isinstance(speaker, str) else None
    if role is None:
        raise BadRow(f"The speaker {speaker!r} is unknown.", f"Use one of: {', '.join(SPEAKERS)}.")
    if "value" not in turn:
        raise BadRow(f"A message of {speaker} has no value.", "Add the key 'value' to every message.")
    return Message(role=role, content=text_of(turn["value"], "value of a message"))


FORMAT = DatasetFormat(
    id="sharegpt",
    label="Conversations (ShareGPT)",
    summary="Each row has a list 'conversations'; each turn says who speaks (from: human, gpt) and what (value).",
    roles=(CONVERSATIONS, SYSTEM, TOOLS),
    looks_like=looks_like,
    to_messages=to_messages,
)
