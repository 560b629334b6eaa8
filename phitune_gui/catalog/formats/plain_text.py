"""Plain text: the model learns to go on writing like it, and learns answers where it is already written in a chat template."""

from phitune_gui.catalog.formats.dataset_format import ColumnRole, Columns, DatasetFormat, Row, chat, is_preference
from phitune_gui.catalog.formats.templated_text import NOTE, turns_of
from phitune_gui.core.messages import Conversation

TEXT = ColumnRole("text", "The text that is learned as a whole.", ("text", "content"))
ANSWERS = ("label", "labels", "category", "answer", "response", "completion", "output", "messages", "conversations")


def looks_like(row: Row) -> float:
    """Certain when a text stands alone, fairly sure beside other columns, doubtful beside something that looks like an answer."""
    name = TEXT.column(row, {})
    if name is None or is_preference(row) or not isinstance(row[name], str):
        return 0.0
    if any(key.lower() in ANSWERS for key in row):
        return 0.2
    return 1.0 if len(row) == 1 else 0.7


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The text as one document; the turns of a text that is already written in a chat template."""
    text = TEXT.text(row, columns)
    turns = turns_of(text)
    return chat(turns).model_copy(update={"notes": (NOTE,)}) if turns else Conversation(text=text)


FORMAT = DatasetFormat(
    id="plain_text",
    label="Plain text",
    summary=(
        "Each row is a text that is learned as a whole; in .txt files, blank lines stand between the texts. "
        "Texts that are already written in a chat template are taken apart into turns."
    ),
    roles=(TEXT,),
    looks_like=looks_like,
    to_messages=to_messages,
)
