"""Shows one row exactly as training will see it: its text, its tokens, which of them are learned and which are cut off."""

from pathlib import Path

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.core.messages import Conversation, Preview, PreviewToken
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.folding import SYSTEM_NOTE, TOOL_NOTE
from phitune_gui.data.requests import PreviewRequest, RowRequest
from phitune_gui.data.rows import conversation_at, source_paths
from phitune_gui.data.tokens import ChatTokenizer

CONTROL_NOTE = "The text spells control tokens of this model; they are read as ordinary text."
MASKED_NOTE = "Nothing of this row is learned: its answer lies behind the length limit. It is left out."


def read_row(request: RowRequest) -> Conversation:
    """The row as a conversation. Raises CannotStart with the reason for a row that is rejected."""
    row = conversation_at(source_paths(request.data), request.data, request.row)
    if isinstance(row, RejectedRow):
        raise CannotStart(_place(row), row.reason, row.fix)
    return row


def preview_row(request: PreviewRequest) -> Preview:
    """The row as the model will see it. Raises CannotStart with the reason for a row that is rejected."""
    row = read_row(RowRequest(data=request.data, row=request.row))
    tokenizer = ChatTokenizer.load(Path(request.model.path), request.model.chat, request.model.folds_system)
    try:
        encoded = tokenizer.encode(row, request.data.train_on)
        texts = tokenizer.token_texts(row)
    except BadRow as bad:
        raise CannotStart(_place(row), str(bad), bad.fix) from bad
    limit = request.data.max_length
    tokens = zip(encoded.ids, texts, encoded.learned, strict=True)
    roles = {turn.role for turn in row.messages}
    notes = (
        (SYSTEM_NOTE, tokenizer.folds_system and "system" in roles),
        (TOOL_NOTE, tokenizer.folds_tools and "tool" in roles),
        (CONTROL_NOTE, tokenizer.spells_control_tokens(row)),
        (MASKED_NOTE, not any(encoded.learned[1:limit])),
    )
    return Preview(
        row=request.row,
        line=row.line,
        messages=row.messages,
        text=encoded.text,
        tokens=tuple(PreviewToken(id=id, text=text, learned=learned, cut=at >= limit) for at, (id, text, learned) in enumerate(tokens)),
        length=len(encoded.ids),
        truncated=len(encoded.ids) > limit,
        notes=(*row.notes, *(note for note, applies in notes if applies)),
    )


def _place(row: RejectedRow | Conversation) -> str:
    return f"{row.file}:{row.line}" if row.line else row.file
