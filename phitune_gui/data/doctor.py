"""Examines a whole dataset in one pass: reads it, leaves out what is double, turns it into tokens, then splits it."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport, RejectedRow
from phitune_gui.core.messages import Conversation
from phitune_gui.core.recipe import DataSection
from phitune_gui.data.findings import Part, report_of, weights_of
from phitune_gui.data.gathered import Gathered, Mark
from phitune_gui.data.person_paths import expanded
from phitune_gui.data.rows import Dataset, RowReader, rejected, source_paths
from phitune_gui.data.split import Places, split
from phitune_gui.data.tokens import ChatTokenizer, TokenRow

BATCH_ROWS, BATCH_LETTERS = 1000, 500_000
"""So many rows, or so much text, are turned into tokens at a time; long rows must not fill the memory."""
Tell = Callable[[float, int], None]
"""Hears several times a second of (part of the files that was read, rows read); may raise to end the examination."""


class Keep(Protocol):
    """Where the tokens of the rows that will be used go, one row after another."""

    def add(self, row: TokenRow) -> None:
        """Take the next row."""
        ...


@dataclass(frozen=True, slots=True)
class Examined:
    """The report, and which of the rows that were handed to `Keep` are learned and which are held out, in file order."""

    report: DatasetReport
    train: Places
    validation: Places


def examine(
    data: DataSection, model: BaseModel | None, seed: int, max_rows: int | None = None, keep: Keep | None = None, tell: Tell | None = None
) -> Examined:
    """Reads, checks, splits and (with a model) encodes the data. Raises CannotStart when a file or the model cannot be used."""
    tokenizer = None if model is None else ChatTokenizer.load(Path(model.path), model.chat, model.folds_system)
    doctor = _Doctor(data, tokenizer, keep, tell or (lambda _share, _rows: None), max_rows)
    dataset, rows = doctor.gather(source_paths(data), data)
    files = [dataset]
    if data.validation.path is None:
        places, held_out = split(rows.seen, data.validation.percent, seed)
        train, validation = Part(rows, places), Part(rows, held_out)
    else:
        judged, others = doctor.gather([expanded(data.validation.path)], data.model_copy(update={"columns": dataset.roles}))
        files.append(judged)
        train, validation = Part(rows, np.arange(len(rows.seen))), Part(others, np.arange(len(others.seen)))
    train.weigh(weights_of(data), seed)
    return Examined(report_of(data, files, (train, validation), tokenizer), _kept_numbers(train), _kept_numbers(validation, rows))


def _kept_numbers(part: Part, before: Gathered | None = None) -> Places:
    """The numbers that the part's rows of one epoch have among all rows that were kept."""
    is_kept = part.rows.marked(Mark.KEPT)
    first = 0 if before is None or before is part.rows else int(before.marked(Mark.KEPT).sum())
    return (np.cumsum(is_kept) - 1 + first)[part.seen]


@dataclass(slots=True)
class _Doctor:
    data: DataSection
    tokenizer: ChatTokenizer | None
    keep: Keep | None
    tell: Tell
    max_rows: int | None
    rows_before: int = 0

    def gather(self, paths: list[Path], data: DataSection) -> tuple[Dataset, Gathered]:
        """Look at every row of these files once."""
        files = 1 + (self.data.validation.path is not None)
        done = 1 if self.rows_before else 0
        reader = RowReader(paths, data, self.max_rows, lambda: self.tell((done + reader.progress) / files, self.rows_before + reader.rows))
        rows = Gathered()
        waiting: deque[tuple[list[Conversation | RejectedRow], list[Conversation]]] = deque()

        def new_ones() -> Iterator[list[Conversation]]:
            for batch in _batches(reader):
                waiting.append((batch, [each for each in batch if isinstance(each, Conversation) and rows.add(each)]))
                yield waiting[-1][1]

        for answers in self._encoded(new_ones()):
            batch, new = waiting.popleft()
            answer_of = {id(each): answer for each, answer in zip(new, answers, strict=True)}
            for each in batch:
                if isinstance(each, RejectedRow):
                    reader.reject(each)
                elif id(each) in answer_of:
                    self._take(each, answer_of[id(each)], reader, rows)
        self.rows_before += reader.rows
        return reader.dataset(), rows

    def _encoded(self, batches: Iterator[list[Conversation]]) -> Iterator[Sequence[TokenRow | BadRow | None]]:
        if self.tokenizer is None:
            return ([None] * len(batch) for batch in batches)
        return self.tokenizer.encode_batches(batches, self.data.train_on)

    def _take(self, conversation: Conversation, encoded: TokenRow | BadRow | None, reader: RowReader, rows: Gathered) -> None:
        """Rows that the template refuses are rejected, rows without a learned token are left out."""
        if encoded is None or self.tokenizer is None:
            rows.finish(conversation, Mark.KEPT)
            return
        if isinstance(encoded, BadRow):
            reader.reject(rejected(conversation.file, conversation.row, conversation.line, encoded))
            rows.finish(conversation, 0)
            return
        cut = encoded.cut(self.data.max_length)
        if not cut.learns:
            rows.finish(conversation, Mark.MASKED)
            return
        marks = Mark.KEPT | Mark.TRUNCATED * (len(cut.ids) < len(encoded.ids))
        marks |= Mark.SPELLS * self.tokenizer.spells_control_tokens(conversation)
        rows.finish(conversation, marks, len(encoded.ids), cut.learned)
        if self.keep is not None:
            self.keep.add(cut)


def _batches(rows: RowReader) -> Iterator[list[Conversation | RejectedRow]]:
    batch: list[Conversation | RejectedRow] = []
    letters = 0
    for row in rows:
        batch.append(row)
        if isinstance(row, Conversation):
            letters += len(row.text or "")
            for turn in row.messages:
                letters += len(turn.content)
        if len(batch) >= BATCH_ROWS or letters >= BATCH_LETTERS:
            yield batch
            batch, letters = [], 0
    if batch:
        yield batch
