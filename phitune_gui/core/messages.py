"""The one shape every dataset row becomes: a conversation of messages."""

from typing import Literal

from phitune_gui.core.value import Value

Role = Literal["system", "user", "assistant", "tool"]


class Message(Value):
    """One turn of a conversation."""

    role: Role
    content: str


class Conversation(Value):
    """The turns of one row; `text` instead of turns for plain text, which is learned as a whole.

    `row` counts data rows of its file from 0, `line` counts file lines from 1 (0 when the container has no lines).
    `notes` say in sentences what the row held besides and how that was understood.
    """

    messages: tuple[Message, ...] = ()
    text: str | None = None
    file: str = ""
    row: int = 0
    line: int = 0
    notes: tuple[str, ...] = ()


class PreviewToken(Value):
    """One token as the model sees it; `learned` when it carries loss, `cut` when the length limit removes it."""

    id: int
    text: str
    learned: bool
    cut: bool = False


class Preview(Value):
    """One row as the model will see it; `length` counts all tokens before the limit cuts."""

    row: int
    line: int
    messages: tuple[Message, ...]
    text: str
    tokens: tuple[PreviewToken, ...]
    length: int
    truncated: bool
    notes: tuple[str, ...] = ()
