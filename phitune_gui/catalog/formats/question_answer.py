"""Questions and answers, each perhaps with the text that the answer is found in."""

from phitune_gui.catalog.formats import multiple_choice
from phitune_gui.catalog.formats.dataset_format import ColumnRole, Columns, DatasetFormat, Row, ask_below, has_roles, is_preference
from phitune_gui.core.messages import Conversation

QUESTION = ColumnRole("question", "What is asked.", ("question",))
ANSWER = ColumnRole("answer", "The answer that is learned.", ("answer",))
CONTEXT = ColumnRole("context", "The text that the answer is found in; put above the question.", ("context",), required=False)


def looks_like(row: Row) -> float:
    """Certain when a question and an answer are there as texts, and the answer is not one of several to pick from."""
    if is_preference(row) or not has_roles(row, (QUESTION, ANSWER)) or multiple_choice.looks_like(row):
        return 0.0
    texts = (role.value(row, {}) for role in (QUESTION, ANSWER))
    return 0.3 if any(isinstance(text, list | dict) for text in texts) else 1.0


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The question (below its context) asks, the answer answers."""
    question, answer, context = (role.text(row, columns) for role in (QUESTION, ANSWER, CONTEXT))
    return ask_below(context, question, answer)


FORMAT = DatasetFormat(
    id="question_answer",
    label="Questions and answers",
    summary="Each row has a question and its answer, and perhaps a context that is put above the question.",
    roles=(QUESTION, ANSWER, CONTEXT),
    looks_like=looks_like,
    to_messages=to_messages,
)
