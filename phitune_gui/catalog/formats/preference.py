"""Pairs of a better and a worse answer: the better one is learned, the worse one is not read."""

import re
from collections.abc import Iterator
from typing import Any

from phitune_gui.catalog.formats import openai_messages, sharegpt
from phitune_gui.catalog.formats.dataset_format import BadRow, ColumnRole, Columns, DatasetFormat, Row, chat, text_of
from phitune_gui.catalog.formats.turns import turn_objects
from phitune_gui.core.messages import Conversation, Message, Role

PROMPT = ColumnRole(
    "prompt", "What both answers answer: a text or a list of turns.",
    ("prompt", "conversations", "messages", "instruction", "question"), required=False,
)  # fmt: skip
CHOSEN = ColumnRole("chosen", "The better answer; it is learned.", ("chosen",))
REJECTED = ColumnRole("rejected", "The worse answer; it is not read.", ("rejected",))
INPUT = ColumnRole("input", "What the prompt is about; put below it.", ("input",), required=False)
SYSTEM = ColumnRole("system", "How the assistant should behave in this row.", ("system", "system_prompt"), required=False)
NOTE = "Of each pair the chosen answer is learned; the rejected one is not read."
_SPEAKERS: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}
_SPOKEN = re.compile(r"(?:^|\n\n)(Human|Assistant):")


def looks_like(row: Row) -> float:
    """Certain when a chosen and a rejected answer are there."""
    return 1.0 if CHOSEN.column(row, {}) is not None and REJECTED.column(row, {}) is not None else 0.0


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The prompt asks and the chosen answer answers; where the chosen one holds the whole conversation, that is taken."""
    chosen = _turns(CHOSEN.value(row, columns), CHOSEN.id, "assistant")
    if not chosen:
        raise BadRow("The chosen answer is empty.", "Fill in the chosen answer, or leave the row out.")
    asked = _turns(PROMPT.value(row, columns), PROMPT.id, "user")
    about = INPUT.text(row, columns)
    if about.strip() and asked:
        asked[-1] = asked[-1].model_copy(update={"content": f"{asked[-1].content}\n\n{about}"})
    is_whole = any(turn.role == "user" for turn in chosen)
    turns = chosen if is_whole else [*asked, *chosen]
    system = SYSTEM.text(row, columns)
    if system.strip() and not any(turn.role == "system" for turn in turns):
        turns.insert(0, Message(role="system", content=system))
    return chat(turns).model_copy(update={"notes": (NOTE,)})


def _turns(value: Any, name: str, speaker: Role) -> list[Message]:
    """A text as one turn of `speaker` (or as the turns it spells), a turn or a list of turns as they are."""
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list):
        return [(sharegpt if "from" in turn else openai_messages).message_of(turn) for turn in turn_objects(value, name)]
    text = text_of(value, name)
    if not text.strip():
        return []
    return list(_spoken(text)) if text.lstrip().startswith("Human:") else [Message(role=speaker, content=text)]


def _spoken(text: str) -> Iterator[Message]:
    """The turns of a transcript that says Human: and Assistant: at the beginning of its paragraphs."""
    _, *parts = _SPOKEN.split(text.strip())
    for name, said in zip(parts[::2], parts[1::2], strict=True):
        yield Message(role=_SPEAKERS[name], content=said.strip())


FORMAT = DatasetFormat(
    id="preference",
    label="Better and worse answers",
    summary="Each row has a prompt, a chosen and a rejected answer. The chosen answer is learned, the rejected one is not read.",
    roles=(PROMPT, CHOSEN, REJECTED, INPUT, SYSTEM),
    looks_like=looks_like,
    to_messages=to_messages,
)
