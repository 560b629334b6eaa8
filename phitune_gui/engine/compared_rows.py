"""The rows that a run's exports are compared on: chosen and kept before the first step, so that a later change of the data is harmless."""

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from phitune_gui.core.events import DatasetInspected, event_from_line
from phitune_gui.core.names import COMPARED_ROWS_FILE, EVENTS_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection, DataSource, ValidationSection
from phitune_gui.core.value import Value
from phitune_gui.data.key_set import KeySet
from phitune_gui.data.split import key_of
from phitune_gui.data.token_files import KEPT_LETTERS
from phitune_gui.data.tokens import Encoded
from phitune_gui.data.training_rows import TrainingRows, training_rows
from phitune_gui.engine.run_source import RunSource
from phitune_gui.files.atomic import write_text
from phitune_gui.files.lines import LineTail
from phitune_gui.files.resources import resource

MAX_ROWS, MAX_LENGTH = 24, 1024
HELD_OUT, LEARNED = "held-out", "training"


class KeptRow(Value):
    """One row's token ids, the places of those that carry loss, and the beginning of its text."""

    ids: tuple[int, ...]
    learned: tuple[int, ...]
    text: str

    def encoded(self) -> Encoded:
        """The row as the data pipeline gives it."""
        learned = set(self.learned)
        return Encoded(list(self.ids), [place in learned for place in range(len(self.ids))], self.text)


class ComparedRows(Value):
    """At most MAX_ROWS rows; `source` is HELD_OUT or LEARNED, or says in a clause what else these texts are."""

    version: Literal[1] = 1
    source: str
    rows: tuple[KeptRow, ...]

    @property
    def named(self) -> str:
        """What these texts are, in words."""
        return texts_named(len(self.rows), self.source)


def texts_named(count: int, source: str) -> str:
    """`6 held-out texts`, or `6 texts that ...` where it is not known whether they were learned."""
    return f"{count} {source} texts" if source in (HELD_OUT, LEARNED) else f"{count} texts that {source}"


def keep_compared_rows(run: Path, rows: TrainingRows) -> None:
    """Write the run's rows to compare on, unless it has them from an earlier attempt. Raises OSError."""
    if _kept(run) is None:
        write_text(run / COMPARED_ROWS_FILE, choose_rows(rows).model_dump_json() + "\n")


def rows_to_compare(source: RunSource) -> ComparedRows:
    """What an export of the run is compared on. Raises CannotStart when an older run kept nothing and its data is gone."""
    return _kept(source.folder) or _as_they_lie_now(source)


def choose_rows(rows: TrainingRows) -> ComparedRows:
    """The first rows that are held out and not learned as well; without any, the first ones that are learned."""
    chosen = _not_learned(rows)
    source = HELD_OUT if chosen else LEARNED
    return ComparedRows(source=source, rows=chosen or tuple(islice(_usable(rows.train), MAX_ROWS)))


def _not_learned(rows: TrainingRows) -> tuple[KeptRow, ...]:
    """A validation file of the person's may hold rows that are in the training file too, or twice.

    Rows may lie on the disk and be many, so keys of them are held and not they themselves.
    """
    usable = (row for row in rows.validation if any(row.cut(MAX_LENGTH).learned[1:]))
    first = next(usable, None)
    if first is None:
        return ()
    known = KeySet()
    for row in rows.train:
        known.add(_key(row))
    return tuple(islice(_usable(row for row in chain((first,), usable) if known.add(_key(row))), MAX_ROWS))


def _key(row: Encoded) -> bytes:
    return key_of(array("I", row.ids).tobytes())


def _usable(rows: Iterable[Encoded]) -> Iterator[KeptRow]:
    for row in rows:
        cut = row.cut(MAX_LENGTH)
        learned = tuple(place for place, is_learned in enumerate(cut.learned) if is_learned and place > 0)
        if learned:
            yield KeptRow(ids=tuple(cut.ids), learned=learned, text=row.text[:KEPT_LETTERS])


def _kept(run: Path) -> ComparedRows | None:
    try:
        return ComparedRows.model_validate_json((run / COMPARED_ROWS_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _as_they_lie_now(source: RunSource) -> ComparedRows:
    """Rows read again; they are what they were called in training only where the data is known to be the same."""
    recipe = source.job.recipe
    if not recipe.data.sources:
        return _shipped(source)
    try:
        rows = training_rows(recipe, source.job.base_model)
    except CannotStart as gone:
        raise CannotStart(
            "data.sources",
            f"{gone.problem.what} This run kept no texts to compare its exports with, so its data is needed.",
            "Put the data back where it was, then export again.",
        ) from gone
    chosen = choose_rows(rows)
    if rows.report.fingerprint and rows.report.fingerprint == _fingerprint(source.folder):
        return chosen
    where = recipe.data.validation.path or ", ".join(each.path for each in recipe.data.sources)
    return chosen.model_copy(update={"source": f"lie in {where} now and are not known to be held out"})


def _shipped(source: RunSource) -> ComparedRows:
    """Rows of the sample dataset, for an adapter that was made elsewhere from data that nobody knows here."""
    file = resource("datasets", "harbour_answers_validation.jsonl")
    data = DataSection(sources=(DataSource(path=str(file)),), validation=ValidationSection(percent=0))
    rows = training_rows(source.job.recipe.model_copy(update={"data": data}), source.job.base_model)
    return ComparedRows(source="come with PhiTune", rows=tuple(islice(_usable(rows.train), MAX_ROWS)))


def _fingerprint(run: Path) -> str:
    """What the run says its data was; empty when it says nothing."""
    found = ""
    for line in LineTail(run / EVENTS_FILE).read():
        if b'"DatasetInspected"' not in line[:100]:
            continue
        try:
            event = event_from_line(line)
        except ValidationError:
            continue
        found = event.report.fingerprint if isinstance(event, DatasetInspected) else found
    return found
