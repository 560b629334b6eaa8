"""The list of run folders made on this machine: an index only, the folders are the truth."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phitune_gui.store.paths import index_file, private_folder, runs_folder


def register_run(folder: Path, at: float) -> None:
    """Remember a run folder, wherever it lies; `at` is its time of creation in seconds."""
    with _index() as index:
        index.execute("INSERT OR REPLACE INTO runs (path, at) VALUES (?, ?)", (str(folder.absolute()), at))


def known_folders() -> list[Path]:
    """Every run folder that still exists, newest first: the remembered ones and all that lie in the runs folder."""
    with _index() as index:
        times = {Path(path): at for path, at in index.execute("SELECT path, at FROM runs")}
    here = runs_folder()
    for folder in here.iterdir() if here.is_dir() else ():
        if not folder.name.startswith("."):
            times.setdefault(folder.absolute(), 0.0)
    existing = [(at or _made_at(folder), folder) for folder, at in times.items() if (folder / "recipe.yaml").is_file()]
    return [folder for _at, folder in sorted(existing, key=lambda pair: (pair[0], pair[1].name), reverse=True)]


def _made_at(folder: Path) -> float:
    return (folder / "recipe.yaml").stat().st_mtime


@contextmanager
def _index() -> Iterator[sqlite3.Connection]:
    private_folder(index_file().parent)
    try:
        connection = _open()
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
