"""The list of run folders made on this machine: an index only, the folders are the truth."""

import errno
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from phitune_gui.core.problem import CannotStart
from phitune_gui.store.paths import index_file, private_folder, runs_folder


def register_run(folder: Path, at: float) -> None:
    """Remember a run folder, wherever it lies; `at` is its time of creation in seconds. Raises OSError or CannotStart."""
    try:
        with _index() as index:
            index.execute("INSERT OR REPLACE INTO runs (path, at) VALUES (?, ?)", (str(folder.absolute()), at))
    except sqlite3.Error as error:
        raise OSError(errno.EIO, f"the list of runs cannot be written ({error})", str(index_file())) from error


def known_folders() -> list[Path]:
    """Every run folder that still exists, newest first: the remembered ones and all that lie in the runs folder."""
    times = _remembered()
    for folder in _in_runs_folder():
        times.setdefault(folder, 0.0)
    existing = [(at or made, folder) for folder, at in times.items() if (made := _made_at(folder)) is not None]
    return [folder for _at, folder in sorted(existing, key=lambda pair: (pair[0], pair[1].name), reverse=True)]


def _remembered() -> dict[Path, float]:
    """What the index holds; where it cannot be opened for writing, as on a full disk, it is only read, and at worst it is empty."""
    with suppress(sqlite3.Error, OSError, CannotStart), _index() as index:
        return _times(index)
    with suppress(sqlite3.Error, OSError), closing(sqlite3.connect(f"{index_file().as_uri()}?immutable=1", uri=True)) as index:
        return _times(index)
    return {}


def _times(index: sqlite3.Connection) -> dict[Path, float]:
    return {Path(path): at for path, at in index.execute("SELECT path, at FROM runs")}


def _in_runs_folder() -> list[Path]:
    try:
        return [folder.absolute() for folder in runs_folder().iterdir() if not folder.name.startswith(".")]
    except OSError:
        return []


def _made_at(folder: Path) -> float | None:
    """When the run's recipe was written; None when there is none, or none that may be looked at."""
    try:
        recipe = (folder / "recipe.yaml").stat()
    except OSError:
        return None
    return recipe.st_mtime if stat.S_ISREG(recipe.st_mode) else None


@contextmanager
def _index() -> Iterator[sqlite3.Connection]:
    private_folder(index_file().parent)
    try:
        connection = _open()
    except sqlite3.OperationalError:
        raise  # a full disk or a busy file, nothing that a new index would mend
    except sqlite3.DatabaseError:
        # A damaged index is only a lost list: it is set aside and the runs folder fills a new one.
        index_file().replace(index_file().with_suffix(".damaged"))
        connection = _open()
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def _open() -> sqlite3.Connection:
    connection = sqlite3.connect(index_file(), timeout=10)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS runs (path TEXT PRIMARY KEY, at REAL NOT NULL)")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
