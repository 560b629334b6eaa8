"""The Alpaca format: `instruction`, an optional `input` and the `output`."""

from phitune_gui.catalog.formats.dataset_format import (
    BadRow,
    ColumnRole,
    Columns,
    DatasetFormat,
    Row,
    chat,
    has_roles,
    is_preference,
    text_of,
)
from phitune_gui.core.messages import Conversation, Message

INSTRUCTION = ColumnRole("instruction", "What is asked for.", ("instruction",))
INPUT = ColumnRole("input", "What the instruction is about; put below it.", ("input",), required=False)
OUTPUT = ColumnRole("output", "The answer that is learned.", ("output",))
SYSTEM = ColumnRole("system", "How the assistant should behave in this row.", ("system",), required=False)
HISTORY = ColumnRole("history", "Earlier turns as pairs of question and answer.", ("history",), required=False)


def looks_like(row: Row) -> float:
    """Certain when instruction and output are there."""
    return 1.0 if has_roles(row, (INSTRUCTION, OUTPUT)) and not is_preference(row) else 0.0


def to_messages(row: Row, columns: Columns) -> Conversation:
    """Instruction and input make the question, output the answer; system and history come before."""
    instruction, about, output = (role.text(row, columns) for role in (INSTRUCTION, INPUT, OUTPUT))
    question = f"{instruction}\n\n{about}" if about.strip() else instruction
    system = SYSTEM.text(row, columns)
    first = [Message(role="system", content=system)] if system.strip() else []
    earlier = _earlier(row, columns)
    return chat([*first, *earlier, Message(role="user", content=question), Message(role="assistant", content=output)])


def _earlier(row: Row, columns: Columns) -> list[Message]:
    history = HISTORY.value(row, columns) or []
    turns: list[Message] = []
    for pair in history if isinstance(history, list) else [history]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadRow("The history is not a list of pairs.", "Write the history as [[question, answer], ...].")
        turns.append(Message(role="user", content=text_of(pair[0], "question in the history")))
        turns.append(Message(role="assistant", content=text_of(pair[1], "answer in the history")))
    return turns


FORMAT = DatasetFormat(
    id="alpaca",
    label="Instructions (Alpaca)",
    summary="Each row has an instruction, perhaps an input it is about, and the output that is learned.",
    roles=(INSTRUCTION, INPUT, OUTPUT, SYSTEM, HISTORY),
    looks_like=looks_like,
    to_messages=to_messages,
)
