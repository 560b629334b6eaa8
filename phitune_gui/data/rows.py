"""Turns dataset files into conversations, one after another, and keeps count of what could not be used and why."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
TICK_ROWS = 200


@dataclass(slots=True)
class Dataset:
    """What one or several files held, counted while they are read. `share` is the part of the files that was read; 1 when all of it was.

    `roles` are the recipe's columns with what the format learned from the rows (the labels of a classification).
    """

    files: tuple[str, ...]
    detection: Detection
    encoding: str
    columns: tuple[str, ...]
    rows: int = 0
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


class RowReader:
    """The rows of all files, in order, each once; at most `max_rows` are read. What the files hold is counted on the way.

    Going over it raises CannotStart for files that cannot be used, and what `tick` raises, which is called every TICK_ROWS rows.
    """

    def __init__(
        self, paths: Sequence[Path], data: DataSection, max_rows: int | None = None, tick: Callable[[], None] = lambda: None
    ) -> None:
        self._paths, self._data, self._max_rows, self._tick = paths, data, max_rows, tick
        self._read: list[Dataset] = []
        self._now: _OpenConversations | None = None

    def __iter__(self) -> Iterator[Conversation | RejectedRow]:
        for path in self._paths:
            left = None if self._max_rows is None else self._max_rows - self.rows
            if left is not None and left <= 0:
                return
            with _open_conversations(path, self._data, left, self._tick) as file:
                self._now = file
                dataset = Dataset((str(path),), file.detection, file.encoding, file.columns, roles=file.roles)
                self._read.append(dataset)
                for row in file.rows:
                    dataset.rows += 1
                    yield row
            dataset.share, self._now = file.share, None

    @property
    def rows(self) -> int:
        """How many rows were read so far."""
        return sum(dataset.rows for dataset in self._read)

    @property
    def progress(self) -> float:
        """The part of the files that was read so far, about."""
        begun = len(self._read) - (self._now is not None)
        return (begun + (self._now.progress() if self._now is not None else 0.0)) / len(self._paths)

    def reject(self, row: RejectedRow) -> None:
        """Count a row that cannot be used."""
        next(dataset for dataset in reversed(self._read) if dataset.files[0] == row.file).reject(row)

    def dataset(self) -> Dataset:
        """What all files together held."""
        return self._read[0] if len(self._paths) == 1 else _joined(self._read, self._paths)


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
    size: Callable[[], float]
    rows: Iterator[Conversation | RejectedRow] = field(default_factory=lambda: iter(()))
    share: float = 1.0
    end: int = 0
    _whole: float = 0.0

    def progress(self) -> float:
        """The part of the file that was read so far, about; how large it is gets asked once, because that may take a while."""
        self._whole = self._whole or max(self.size(), 1.0)
        return min(1.0, self.end / self._whole)

    def convert(self, items: Iterable[ReadRow]) -> Iterator[Conversation | RejectedRow]:
        """Each row in turn as a conversation, or as rejected."""
        for item in items:
            if isinstance(item, DataRow):
                self.end = item.end
            yield _conversation(item, self.detection, self.roles)


@contextmanager
def _open_conversations(
    path: Path, data: DataSection, max_rows: int | None = None, tick: Callable[[], None] = lambda: None
) -> Iterator[_OpenConversations]:
    with open_rows(path) as file:
        items = _ticking(islice(file.rows, max_rows), tick)
        head = list(islice(items, LOOKED_AT_ROWS))
        values = [item.values for item in head if isinstance(item, DataRow)]
        if not values:
            raise _nothing_usable(path, head)
        detection = detect(values, data, str(path))
        roles = _learned(path, detection.format, data.columns, max_rows, tick)
        opened = _OpenConversations(detection, file.encoding, column_names(values), roles, file.size)
        opened.rows = opened.convert(chain(head, items))
        yield opened
        if max_rows is not None:
            opened.share = _share_read(file, max_rows)


def _share_read(file: OpenFile, rows: int) -> float:
    """The part of the file that its first `rows` rows are, told by where the next readable row ends; 1 when there is none."""
    for number, item in enumerate(file.rows, rows + 1):
        if isinstance(item, DataRow):
            return min(1.0, rows / number * item.end / max(file.size(), 1.0))
    return 1.0


def _ticking(items: Iterable[ReadRow], tick: Callable[[], None]) -> Iterator[ReadRow]:
    for number, item in enumerate(items, 1):
        if number % TICK_ROWS == 0:
            tick()
        yield item


def _learned(
    path: Path, format: DatasetFormat, columns: Mapping[str, str], max_rows: int | None, tick: Callable[[], None]
) -> Mapping[str, str]:
    """The columns with what the format learns from all rows, where it has to see them first; they are then read twice."""
    if format.learn_columns is None:
        return columns
    with open_rows(path) as file:
        items = _ticking(islice(file.rows, max_rows), tick)
        return format.learn_columns((item.values for item in items if isinstance(item, DataRow)), columns)


def _conversation(row: ReadRow, detection: Detection, columns: Mapping[str, str]) -> Conversation | RejectedRow:
    if isinstance(row, RejectedRow):
        return row.model_copy(update={"broken": True})
    try:
        if not detection.is_said:
            refuse_pictures(row.values)
        conversation = detection.format.to_messages(row.values, columns)
    except BadRow as bad:
        return rejected(row.file, row.row, row.line, bad)
    # Made anew, which takes a third of the time of a copy.
    return Conversation(
        messages=conversation.messages, text=conversation.text, file=row.file, row=row.row, line=row.line, notes=conversation.notes
    )


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
        joined.rejected.extend(each.rejected[: LISTED_REJECTED - len(joined.rejected)])
        joined.rejected_count += each.rejected_count
        joined.broken_count += each.broken_count
    return joined
