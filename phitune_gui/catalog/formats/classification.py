"""Texts with a label: the model is asked which of the labels found in the data fits, and answers with the label."""

from collections.abc import Iterable

from phitune_gui.catalog.formats.dataset_format import ColumnRole, Columns, DatasetFormat, Row, ask, found_in, has_roles, is_preference
from phitune_gui.core.messages import Conversation

TEXT = ColumnRole("text", "The text that is judged.", ("text", "sentence"))
LABEL = ColumnRole("label", "The label that is learned.", ("label", "category"))
LABELS = "labels"
"""Not a column: all labels, separated by commas, as the question lists them. Found in the data unless given."""
MOST_LABELS = 50
"""With more different labels than this the question does not list them."""


def looks_like(row: Row) -> float:
    """Certain when a text and a label are there, and no answer of another kind."""
    return 1.0 if has_roles(row, (TEXT, LABEL)) and not is_preference(row) else 0.0


def learn_columns(rows: Iterable[Row], columns: Columns) -> Columns:
    """The columns with the labels found in the data added, in alphabetical order."""
    if LABELS in columns:
        return columns
    found = found_in(rows, lambda row: [LABEL.text(row, columns).strip()], MOST_LABELS)
    return {**columns, LABELS: ", ".join(found) if len(found) <= MOST_LABELS else ""}


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The user asks which label fits the text, the assistant names it."""
    text, label = TEXT.text(row, columns), LABEL.text(row, columns).strip()
    labels = columns.get(LABELS, "")
    question = f"Which label fits the text? Answer with one of: {labels}." if labels else "Which label fits the text?"
    return ask(f"{question}\n\nText: {text}", label)


FORMAT = DatasetFormat(
    id="classification",
    label="Texts with labels",
    summary=(
        "Each row has a text and its label. The user's turn asks which of the labels found in the data fits the text "
        f"(they are listed when there are at most {MOST_LABELS}); the answer is the label alone."
    ),
    roles=(TEXT, LABEL),
    looks_like=looks_like,
    to_messages=to_messages,
    learn_columns=learn_columns,
)
