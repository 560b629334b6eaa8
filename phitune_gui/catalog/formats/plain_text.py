"""Plain text without questions: the model learns to go on writing like it."""

from phitune_gui.catalog.formats.dataset_format import ColumnRole, Columns, DatasetFormat, Row, is_preference
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
    """The text as one document."""
    return Conversation(text=TEXT.text(row, columns))


FORMAT = DatasetFormat(
    id="plain_text",
    label="Plain text",
    summary="Each row is a text that is learned as a whole; in .txt files, blank lines stand between the texts.",
    roles=(TEXT,),
    looks_like=looks_like,
    to_messages=to_messages,
)
