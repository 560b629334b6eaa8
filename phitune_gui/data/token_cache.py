"""PhiTune's own copy of a dataset's tokens: made once, checked before use, untouched by whatever happens to the files it was made from."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection
from phitune_gui.data.doctor import Examined, Keep, Tell, examine
from phitune_gui.data.person_paths import cache_folder
from phitune_gui.data.token_files import StoredRows, TokenWriter, write_numbers
from phitune_gui.data.token_key import token_key
from phitune_gui.data.tokens import Encoded
from phitune_gui.files.atomic import TRASH_PREFIX, staged_folder, sweep_abandoned
from phitune_gui.files.lock import Lock, is_held
from phitune_gui.files.manifest import looks_whole, verify_manifest, write_manifest

MOST_BYTES = 8_000_000_000
"""What all copies take together; the ones that were used longest ago make room. The newest is kept whatever its size."""
_REPORT, _TRAIN, _VALIDATION = "report.json", "train.i64", "validation.i64"
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Tokens:
    """The rows to learn and to judge by, in file order, and the report on them; None and the reason where no copy could be kept."""

    report: DatasetReport
    train: Sequence[Encoded] | None = None
    validation: Sequence[Encoded] | None = None
    why_not: CannotStart | None = None


def tokens_of(data: DataSection, model: BaseModel, seed: int, tell: Tell | None = None, thoroughly: bool = False) -> Tokens:
    """The tokens of the data from their copy, which is made first where there is none; `thoroughly` reads all of it to find damage.

    Raises CannotStart when a file or the model cannot be used, and what `tell` raises. A process that makes the copy is waited for.
    """
    wanted = _Wanted(data, model, seed, tell or (lambda _share, _rows: None))
    entry = cache_folder() / "tokens" / wanted.key()
    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(entry.with_suffix(".lock"), wanted.tick):
            return _opened(entry, thoroughly) or _made(entry, wanted)
    except OSError as error:
        return Tokens(wanted.examined().report, why_not=_no_room(entry.parent, error))


@dataclass(frozen=True, slots=True)
class _Wanted:
    data: DataSection
    model: BaseModel
    seed: int
    tell: Tell

    def tick(self) -> None:
        """Nothing is known of how far it is."""
        self.tell(0.0, 0)

    def key(self) -> str:
        """The name of the copy, by the files as they are now."""
        return token_key(self.data, self.model, self.seed, self.tick)

    def examined(self, keep: Keep | None = None) -> Examined:
        """The doctor's findings."""
        return examine(self.data, self.model, self.seed, keep=keep, tell=self.tell)


@contextmanager
def _alone(path: Path, tick: Callable[[], None]) -> Iterator[None]:
    """Holds the lock; another process that holds it makes the very copy that is wanted here. Not every disk knows locks."""
    lock = Lock(path)
    with suppress(OSError):
        while not lock.acquire():
            tick()
            time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        lock.release()


def _opened(entry: Path, thoroughly: bool) -> Tokens | None:
    """The copy, if it is whole; from then on it counts as just used."""
    if not looks_whole(entry) or (thoroughly and verify_manifest(entry)):
        return None
    try:
        report = DatasetReport.model_validate_json((entry / _REPORT).read_bytes())
        tokens = Tokens(report, StoredRows(entry, _TRAIN), StoredRows(entry, _VALIDATION))
    except (OSError, ValueError, ValidationError):
        return None
    (entry / _REPORT).touch()
    return tokens


class _NotKept(Exception):
    def __init__(self, report: DatasetReport, why: CannotStart) -> None:
        self.report, self.why = report, why


def _made(entry: Path, wanted: _Wanted) -> Tokens:
    sweep_abandoned(entry.parent)
    try:
        with staged_folder(entry) as staging:
            report = _write(staging, wanted)
            if wanted.key() != entry.name:
                raise _NotKept(report, _changed())
    except _NotKept as not_kept:
        return Tokens(not_kept.report, why_not=not_kept.why)
    with suppress(OSError):
        _make_room(entry)
    return Tokens(report, StoredRows(entry, _TRAIN), StoredRows(entry, _VALIDATION))


def _write(folder: Path, wanted: _Wanted) -> DatasetReport:
    with TokenWriter(folder) as writer:
        examined = wanted.examined(writer)
    try:
        if writer.failure is not None:
            raise writer.failure
        write_numbers(folder, _TRAIN, examined.train)
        write_numbers(folder, _VALIDATION, examined.validation)
        (folder / _REPORT).write_text(examined.report.model_dump_json(), "utf-8")
        write_manifest(folder)
    except OSError as error:
        raise _NotKept(examined.report, _no_room(folder.parent, error)) from error
    return examined.report


def _make_room(newest: Path) -> None:
    """Remove the copies that were used longest ago while all of them are too large together, and locks without a copy."""
    used = sorted(((entry / _REPORT).stat().st_mtime, entry) for entry in newest.parent.iterdir() if (entry / _REPORT).is_file())
    left = sum(_size(entry) for _, entry in used)
    for _, entry in used:
        if left > MOST_BYTES and entry != newest:
            left -= _size(entry)
            _remove(entry)
    for lock in newest.parent.glob("*.lock"):
        if not lock.with_suffix("").exists() and not is_held(lock):
            lock.unlink(missing_ok=True)


def _remove(entry: Path) -> None:
    """Renamed first, so that half a copy never stands under its name; where a run reads it and the system minds, it stays."""
    with suppress(OSError):
        trash = entry.rename(entry.with_name(f"{TRASH_PREFIX}{os.getpid()}-{entry.name}"))
        shutil.rmtree(trash, ignore_errors=True)


def _size(entry: Path) -> int:
    return sum(file.stat().st_size for file in entry.iterdir())


def _changed() -> CannotStart:
    what = "The data, or the model's tokenizer, was changed while it was read."
    return CannotStart("data.sources", what, "Wait until nothing writes to it, then start again.")


def _no_room(folder: Path, error: OSError) -> CannotStart:
    what = f"The tokens of the data cannot be kept in {folder}: {(error.strerror or 'the system refused').lower()}."
    return CannotStart("data.sources", what, "Free some space there, or set PHITUNE_HOME to another disk.")
