"""Turns dataset files into conversations, and keeps count of what could not be used and why."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from phitune_gui.catalog.formats.dataset_format import BadRow, DatasetFormat
from phitune_gui.catalog.formats.vision import refuse_pictures
from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.core.messages import Conversation
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection
from phitune_gui.data.detect import LOOKED_AT_ROWS, Detection, column_names, detect
from phitune_gui.data.person_paths import expanded
from phitune_gui.data.readers import OpenFile, open_rows
from phitune_gui.data.readers.data_row import DataRow, ReadRow

LISTED_REJECTED = 200


@dataclass(slots=True)
class Dataset:
    """What one or several files held. `share` is the part of the files that was read; 1 when all of it was.

    `roles` are the recipe's columns with what the format learned from the rows (the labels of a classification).
    """

    files: tuple[str, ...]
    detection: Detection
    encoding: str
    columns: tuple[str, ...]
    rows: int = 0
    conversations: list[Conversation] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    rejected_count: int = 0
    broken_count: int = 0
    share: float = 1.0
    roles: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def reject(self, row: RejectedRow) -> None:
        """Count a row that cannot be used; the first LISTED_REJECTED are kept to be shown."""
        self.rejected_count += 1
        self.broken_count += row.broken
        if len(self.rejected) < LISTED_REJECTED:
            self.rejected.append(row)


def source_paths(data: DataSection) -> list[Path]:
    """The recipe's dataset files. Raises CannotStart when there is none."""
    if not data.sources:
        raise CannotStart("data.sources", "No dataset file is chosen.", "Choose a file to learn from.")
    return [expanded(source.path) for source in data.sources]


def load_rows(paths: Sequence[Path], data: DataSection, max_rows: int | None = None) -> Dataset:
    """The conversations of all files, in order; at most `max_rows` rows are read. Raises CannotStart for files that cannot be used."""
    loaded: list[Dataset] = []
    for path in paths:
        left = None if max_rows is None else max_rows - sum(dataset.rows for dataset in loaded)
        if left is not None and left <= 0:
            break
        loaded.append(_load_file(path, data, left))
    return loaded[0] if len(paths) == 1 else _joined(loaded, paths)


def conversation_at(paths: Sequence[Path], data: DataSection, row: int) -> Conversation | RejectedRow:
    """The row with this number, counted from 0 through all files in order. Raises CannotStart when there are not that many."""
    before = 0
    for path in paths:
        with _open_conversations(path, data) as file:
            for each in file.rows:
                if before == row:
                    return each
                before += 1
    raise CannotStart(str(paths[0]), f"There is no row {row}: the data has {before} rows.", f"Choose a row from 0 to {before - 1}.")


@dataclass(slots=True)
class _OpenConversations:
    detection: Detection
    encoding: str
    columns: tuple[str, ...]
    roles: Mapping[str, str]
    rows: Iterator[Conversation | RejectedRow]
    share: float = 1.0


@contextmanager
def _open_conversations(path: Path, data: DataSection, max_rows: int | None = None) -> Iterator[_OpenConversations]:
    with open_rows(path) as file:
        items = file.rows if max_rows is None else islice(file.rows, max_rows)
        head = list(islice(items, LOOKED_AT_ROWS))
        values = [item.values for item in head if isinstance(item, DataRow)]
        if not values:
            raise _nothing_usable(path, head)
        detection = detect(values, data, str(path))
        known, roles = _learned(chain(head, items), detection.format, data.columns)
        rows = (_conversation(item, detection, roles) for item in known)
        opened = _OpenConversations(detection, file.encoding, column_names(values), roles, rows)
        yield opened
        if max_rows is not None:
            opened.share = _share_read(file, max_rows)


def _share_read(file: OpenFile, rows: int) -> float:
    """The part of the file that its first `rows` rows are, told by where the next readable row ends; 1 when there is none."""
    for number, item in enumerate(file.rows, rows + 1):
        if isinstance(item, DataRow):
            return min(1.0, rows / number * item.end / max(file.size(), 1.0))
    return 1.0


def _learned(items: Iterator[ReadRow], format: DatasetFormat, columns: Mapping[str, str]) -> tuple[Iterator[ReadRow], Mapping[str, str]]:
    """The rows, and the columns with what the format learns from all of them, where it has to see them first."""
    if format.learn_columns is None:
        return items, columns
    known = list(items)
    return iter(known), format.learn_columns([item.values for item in known if isinstance(item, DataRow)], columns)


def _conversation(row: ReadRow, detection: Detection, columns: Mapping[str, str]) -> Conversation | RejectedRow:
    if isinstance(row, RejectedRow):
        return row.model_copy(update={"broken": True})
    try:
        if not detection.is_said:
            refuse_pictures(row.values)
        conversation = detection.format.to_messages(row.values, columns)
    except BadRow as bad:
        return rejected(row.file, row.row, row.line, bad)
    return conversation.model_copy(update={"file": row.file, "row": row.row, "line": row.line})


def rejected(file: str, row: int, line: int, bad: BadRow) -> RejectedRow:
    """The row as rejected; where a file has no lines, the reason begins with the row's number."""
    reason = str(bad) if line else f"Row {row} (counted from 0): {bad}"
    return RejectedRow(file=file, line=line, reason=reason, fix=bad.fix)


def _nothing_usable(path: Path, head: Sequence[ReadRow]) -> CannotStart:
    first = next((item for item in head if isinstance(item, RejectedRow)), None)
    if first is None:
        return CannotStart(str(path), f"There are no rows in '{path}'.", "Choose a file that has rows in it.")
    return CannotStart(
        f"{path}:{first.line}", f"None of the first {len(head)} rows of '{path}' can be read. Line {first.line}: {first.reason}", first.fix
    )


def _load_file(path: Path, data: DataSection, max_rows: int | None) -> Dataset:
    with _open_conversations(path, data, max_rows) as file:
        dataset = Dataset((str(path),), file.detection, file.encoding, file.columns, roles=file.roles)
        for row in file.rows:
            dataset.rows += 1
            if isinstance(row, RejectedRow):
                dataset.reject(row)
            else:
                dataset.conversations.append(row)
    dataset.share = file.share
    return dataset


def _joined(loaded: Sequence[Dataset], paths: Sequence[Path]) -> Dataset:
    """All files as one; the format, certainty and reason of the first are named, a file that differs is noted."""
    first = loaded[0]
    others = (each for each in loaded[1:] if each.detection.format is not first.detection.format)
    joined = Dataset(
        files=tuple(str(path) for path in paths),
        detection=first.detection,
        encoding=", ".join(dict.fromkeys(each.encoding for each in loaded)),
        columns=tuple(dict.fromkeys(name for each in loaded for name in each.columns)),
        rows=sum(each.rows for each in loaded),
        roles=first.roles,
        share=sum(each.share for each in loaded) / len(paths),
        notes=tuple(f"{each.files[0]} is read as: {each.detection.format.label}." for each in others),
    )
    for each in loaded:
        joined.conversations.extend(each.conversations)
        joined.rejected.extend(each.rejected[: LISTED_REJECTED - len(joined.rejected)])
        joined.rejected_count += each.rejected_count
        joined.broken_count += each.broken_count
    return joined
