"""Moves what a chat template would drop into turns that it shows: system texts and the results of tools."""

from collections.abc import Sequence

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.messages import Message

SYSTEM_NOTE = "This model's chat template drops system messages: their text is put at the start of the user's next turn."
TOOL_NOTE = "This model's chat template knows no results of tools: they are shown as turns of the user."


def fold_tools(messages: Sequence[Message]) -> list[Message]:
    """Results of tools become turns of the user."""
    return [turn.model_copy(update={"role": "user"}) if turn.role == "tool" else turn for turn in messages]


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """System texts go in front of the user's next turn, a blank line between. Raises BadRow when no such turn follows."""
    folded: list[Message] = []
    waiting: list[str] = []
    for turn in messages:
        if turn.role == "system":
            waiting.append(turn.content)
        elif turn.role == "user" and waiting:
            folded.append(turn.model_copy(update={"content": "\n\n".join([*waiting, turn.content])}))
            waiting = []
        else:
            folded.append(turn)
    if waiting:
        raise BadRow("A system message stands after the user's last turn, where this model cannot see it.", "Put it at the beginning.")
    return folded
