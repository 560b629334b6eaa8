"""The doctor's findings in sum: what is kept, left out and held out, how long rows are, what leaks, what is worth knowing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.messages import Conversation
from phitune_gui.core.recipe import DataSection
from phitune_gui.data.folding import SYSTEM_NOTE, TOOL_NOTE
from phitune_gui.data.lengths import lengths_of, scaled_lengths
from phitune_gui.data.rows import LISTED_REJECTED, Dataset
from phitune_gui.data.split import content_key
from phitune_gui.data.tokens import ChatTokenizer, Encoded


@dataclass(slots=True)
class Part:
    """The training rows or the held-out rows: the conversations and, with a model, their tokens cut at the limit."""

    conversations: list[Conversation]
    encoded: list[Encoded] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    truncated: int = 0
    fully_masked: int = 0


def report_of(
    data: DataSection, files: Sequence[Dataset], parts: tuple[Part, Part], tokenizer: ChatTokenizer | None, duplicates: int
) -> DatasetReport:
    """The findings in sum, scaled up where only a sample of the files was read."""
    first, (train, validation) = files[0], parts
    kept = [*train.conversations, *validation.conversations]
    rows = sum(each.rows for each in files)
    factor = sum(each.rows / each.share for each in files) / rows if rows else 1.0

    def scaled(count: int) -> int:
        return round(count * factor)

    spelled = 0 if tokenizer is None else sum(tokenizer.spells_control_tokens(conversation) for conversation in kept)
    return DatasetReport(
        files=tuple(file for each in files for file in each.files),
        format=first.detection.format.id,
        format_certainty=first.detection.certainty,
        format_reason=first.detection.reason,
        encoding=", ".join(dict.fromkeys(each.encoding for each in files)),
        columns=first.columns,
        rows=scaled(rows),
        kept=scaled(len(kept)),
        train_rows=scaled(len(kept)) - scaled(len(validation.conversations)),
        validation_rows=scaled(len(validation.conversations)),
        rejected=tuple(row for each in files for row in each.rejected)[:LISTED_REJECTED],
        rejected_count=scaled(sum(each.rejected_count for each in files)),
        broken=scaled(sum(each.broken_count for each in files)),
        lengths=scaled_lengths(lengths_of([*train.lengths, *validation.lengths]), factor),
        max_length=data.max_length,
        truncated=scaled(train.truncated + validation.truncated),
        fully_masked=scaled(train.fully_masked + validation.fully_masked),
        duplicates=scaled(duplicates),
        leaks=scaled(_leaks(train.conversations, validation.conversations)),
        control_tokens_in_text=scaled(spelled),
        tokens=scaled(sum(len(each.ids) for each in train.encoded)),
        learned_tokens=scaled(sum(sum(each.learned) for each in train.encoded)),
        estimated=any(each.share < 1.0 for each in files),
        fingerprint=_fingerprint(kept),
        notes=_notes(data, files, parts, tokenizer),
    )


def _leaks(train: Sequence[Conversation], validation: Sequence[Conversation]) -> int:
    """Held-out rows whose user's text is learned as well: the model may have seen the answer."""
    learned = {_asked(conversation) for conversation in train}
    return sum(_asked(conversation) in learned for conversation in validation)


def _asked(conversation: Conversation) -> str:
    if conversation.text is not None:
        return conversation.text
    return "\n".join(turn.content.strip() for turn in conversation.messages if turn.role == "user")


def _fingerprint(kept: Sequence[Conversation]) -> str:
    digest = sha256()
    for conversation in kept:
        digest.update(content_key(conversation))
    return digest.hexdigest()


def _notes(data: DataSection, files: Sequence[Dataset], parts: tuple[Part, Part], tokenizer: ChatTokenizer | None) -> tuple[str, ...]:
    notes = [note for each in files for note in each.notes]
    guessed = next((each for each in files if not each.encoding.startswith(("UTF", "Parquet", "Arrow"))), None)
    if guessed is not None:
        notes.append(f"{guessed.files[0]} looks like {guessed.encoding}. If letters look wrong, save the file as UTF-8.")
    if parts[0].truncated and any(conversation.text is not None for conversation in parts[0].conversations):
        notes.append(
            f"Texts are learned up to token {data.max_length}. Blank lines between their parts (in Markdown: headings) make every part "
            "a text of its own."
        )
    notes.extend(dict.fromkeys(note for part in parts for conversation in part.conversations for note in conversation.notes))
    roles = {turn.role for part in parts for conversation in part.conversations for turn in conversation.messages}
    if tokenizer is not None and tokenizer.folds_system and "system" in roles:
        notes.append(SYSTEM_NOTE)
    if tokenizer is not None and tokenizer.folds_tools and "tool" in roles:
        notes.append(TOOL_NOTE)
    return tuple(notes)
