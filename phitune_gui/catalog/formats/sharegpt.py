"""The ShareGPT format: a list `conversations` of objects with `from` and `value`."""

from collections.abc import Mapping
from typing import Any

from phitune_gui.catalog.formats.dataset_format import BadRow, ColumnRole, Columns, DatasetFormat, Row, text_of
from phitune_gui.catalog.formats.turns import chat_with_tools, looks_like_turns, turn_objects
from phitune_gui.core.messages import Conversation, Message, Role

CONVERSATIONS = ColumnRole("conversations", "The list of turns, each with from and value.", ("conversations", "conversation"))
SYSTEM = ColumnRole("system", "How the assistant should behave in this row.", ("system", "system_prompt"), required=False)
TOOLS = ColumnRole("tools", "What the assistant may call; shown to it in the system text.", ("tools",), required=False)
SPEAKERS: dict[str, Role] = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bot": "assistant",
    "model": "assistant", "ai": "assistant", "chatbot": "assistant", "prompter": "user", "system": "system",
    "function_call": "assistant", "tool_call": "assistant", "observation": "tool", "tool": "tool", "function": "tool",
    "function_response": "tool", "tool_response": "tool",
}  # fmt: skip
CALLERS = ("function_call", "tool_call")


def looks_like(row: Row) -> float:
    """Certain when `conversations` is a list of objects with from and value."""
    return looks_like_turns(row, CONVERSATIONS, "from")


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The turns with ShareGPT's speakers as our roles; calls of tools are answers, their results are tool turns."""
    objects = turn_objects(CONVERSATIONS.value(row, columns), CONVERSATIONS.id)
    turns = [message_of(turn) for turn in objects]
    system = SYSTEM.text(row, columns)
    if system.strip() and not (turns and turns[0].role == "system"):
        turns.insert(0, Message(role="system", content=system))
    has_calls = any(_speaker(turn) in CALLERS for turn in objects)
    return chat_with_tools(turns, TOOLS.value(row, columns), has_calls)


def message_of(turn: Mapping[str, Any]) -> Message:
    """The turn in our words. Raises BadRow for an unknown speaker and for what is not text."""
    speaker = _speaker(turn)
    role = SPEAKERS.get(speaker)
    if role is None:
        raise BadRow(f"The speaker {turn.get('from')!r} is unknown.", f"Use one of: {', '.join(SPEAKERS)}.")
    if "value" not in turn:
        raise BadRow(f"A message of {speaker} has no value.", "Add the key 'value' to every message.")
    return Message(role=role, content=text_of(turn["value"], "value of a message"))


def _speaker(turn: Mapping[str, Any]) -> str:
    """Who speaks, in small letters; "" when the turn does not say."""
    speaker = turn.get("from")
    return speaker.strip().lower() if isinstance(speaker, str) else ""


FORMAT = DatasetFormat(
    id="sharegpt",
    label="Conversations (ShareGPT)",
    summary="Each row has a list 'conversations'; each turn says who speaks (from: human, gpt) and what (value).",
    roles=(CONVERSATIONS, SYSTEM, TOOLS),
    looks_like=looks_like,
    to_messages=to_messages,
)
