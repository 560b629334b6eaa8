"""Texts with their ground truth: the text asks, the ground truth answers."""

from phitune_gui.catalog.formats.dataset_format import ColumnRole, Columns, DatasetFormat, Row, ask_below, has_roles, is_preference
from phitune_gui.core.messages import Conversation

TEXT = ColumnRole("text", "What the model is given.", ("text", "prompt", "question", "input"))
TRUTH = ColumnRole("ground_truth", "The answer that is learned.", ("ground_truth", "ground truth", "groundtruth"))
CONTEXT = ColumnRole("context", "What the text is about; put above it.", ("context",), required=False)


def looks_like(row: Row) -> float:
    """Certain when a text and its ground truth are there."""
    return 1.0 if has_roles(row, (TEXT, TRUTH)) and not is_preference(row) else 0.0


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The text (below its context) asks, the ground truth answers."""
    text, truth, context = (role.text(row, columns) for role in (TEXT, TRUTH, CONTEXT))
    return ask_below(context, text, truth)


FORMAT = DatasetFormat(
    id="text_truth",
    label="Texts with their ground truth",
    summary="Each row has a text and its ground truth, which is learned as the answer to it.",
    roles=(TEXT, TRUTH, CONTEXT),
    looks_like=looks_like,
    to_messages=to_messages,
)
