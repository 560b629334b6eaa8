"""Examines a whole dataset: reads it, leaves out what is double, splits it, and turns it into tokens."""

from dataclasses import dataclass
from pathlib import Path

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.messages import Conversation
from phitune_gui.core.recipe import DataSection
from phitune_gui.data.findings import Part, report_of
from phitune_gui.data.person_paths import expanded
from phitune_gui.data.rows import Dataset, load_rows, rejected, source_paths
from phitune_gui.data.split import split, without_duplicates
from phitune_gui.data.tokens import ChatTokenizer


@dataclass(frozen=True, slots=True)
class Examined:
    """What is learned, what is held out, and the doctor's report on both."""

    train: Part
    validation: Part
    report: DatasetReport


def examine(data: DataSection, model: BaseModel | None, seed: int, max_rows: int | None = None) -> Examined:
    """Reads, checks, splits and (with a model) encodes the data. Raises CannotStart when a file or the model cannot be used."""
    tokenizer = None if model is None else ChatTokenizer.load(Path(model.path), model.chat, model.folds_system)
    dataset = load_rows(source_paths(data), data, max_rows)
    unique = without_duplicates(dataset.conversations)
    files = [dataset]
    if data.validation.path is None:
        learned, judged = split(unique, data.validation.percent, seed)
    else:
        files.append(load_rows([expanded(data.validation.path)], data.model_copy(update={"columns": dataset.roles}), max_rows))
        learned, judged = unique, without_duplicates(files[1].conversations)
    duplicates = sum(len(each.conversations) for each in files) - len(learned) - len(judged)
    train, validation = Part(learned), Part(judged)
    if tokenizer is not None:
        _encode(train, tokenizer, data, files[0])
        _encode(validation, tokenizer, data, files[-1])
    return Examined(train, validation, report_of(data, files, (train, validation), tokenizer, duplicates))


def _encode(part: Part, tokenizer: ChatTokenizer, data: DataSection, source: Dataset) -> None:
    """Fill in the part's tokens; rows that the template refuses are rejected, rows without a learned token are left out."""
    kept: list[Conversation] = []
    for conversation, encoded in zip(part.conversations, tokenizer.encode_all(part.conversations, data.train_on), strict=True):
        if isinstance(encoded, BadRow):
            source.reject(rejected(conversation.file, conversation.row, conversation.line, encoded))
            continue
        cut = encoded.cut(data.max_length)
        is_cut = len(cut.ids) < len(encoded.ids)
        if not any(cut.learned[1:]):
            part.fully_masked += 1
            continue
        part.truncated += is_cut
        part.lengths.append(len(encoded.ids))
        part.encoded.append(cut)
        kept.append(conversation)
    part.conversations = kept
