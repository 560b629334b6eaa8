"""Pairs of what is asked and what is answered: prompt/completion, prompt/response or instruction/response."""

from phitune_gui.catalog.formats.dataset_format import ColumnRole, Columns, DatasetFormat, Row, ask, has_roles, is_preference
from phitune_gui.core.messages import Conversation

PROMPT = ColumnRole("prompt", "What is asked.", ("prompt", "instruction"))
CONTEXT = ColumnRole("context", "What the prompt is about; put below it.", ("context",), required=False)
COMPLETION = ColumnRole("completion", "The answer that is learned.", ("completion", "response"))
SYSTEM = ColumnRole("system", "How the assistant should behave in this row.", ("system", "system_prompt"), required=False)


def looks_like(row: Row) -> float:
    """Certain when a prompt and a completion are there as texts."""
    if is_preference(row) or not has_roles(row, (PROMPT, COMPLETION)):
        return 0.0
    texts = (role.value(row, {}) for role in (PROMPT, COMPLETION))
    return 0.3 if any(isinstance(text, list | dict) for text in texts) else 1.0


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The prompt (with its context below) asks, the completion answers."""
    prompt, context, completion = (role.text(row, columns) for role in (PROMPT, CONTEXT, COMPLETION))
    question = f"{prompt}\n\n{context}" if context.strip() else prompt
    return ask(question, completion, SYSTEM.text(row, columns))


FORMAT = DatasetFormat(
    id="prompt_completion",
    label="Prompt and completion",
    summary="Each row has a prompt and its completion; prompt/response and instruction/response are the same.",
    roles=(PROMPT, CONTEXT, COMPLETION, SYSTEM),
    looks_like=looks_like,
    to_messages=to_messages,
)
