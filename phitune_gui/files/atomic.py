"""Whole files and whole folders appear at once or not at all, also when the machine loses power."""

import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

STAGING_PREFIX = ".staging-"
TRASH_PREFIX = ".trash-"
REPLACED_PREFIX = ".replaced-"
"""Such a folder holds, under its own name, a folder that stood where a new one is about to appear."""
_OURS = (STAGING_PREFIX, TRASH_PREFIX, REPLACED_PREFIX)
_WRITERS = re.compile(rf"(?:{'|'.join(map(re.escape, _OURS))})(\d+)-[0-9a-f]+")
"""A name that says which process it belongs to."""


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`; after a crash either the old or the new content is there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f"{STAGING_PREFIX}{secrets.token_hex(6)}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Like `write_bytes`, for UTF-8 text with the line ends as given."""
    write_bytes(path, text.encode("utf-8"))


def fsync_folder(folder: Path) -> None:
    """Make names in `folder` durable; systems that cannot open folders (Windows) do it by themselves."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_tree(folder: Path) -> None:
    """Make every file below `folder`, then every folder, durable."""
    for root, _folders, files in os.walk(folder, topdown=False):
        for name in files:
            _fsync_file(Path(root) / name)
        fsync_folder(Path(root))


def _fsync_file(path: Path) -> None:
    """Windows syncs only through a handle that may write, so a read-only file is made writable for that moment."""
    try:
        file = path.open("r+b")
    except PermissionError:
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IWUSR)
        try:
            file = path.open("r+b")
        finally:
            path.chmod(mode)
    with file:
        os.fsync(file.fileno())


@contextmanager
def staged_folder(final: Path) -> Iterator[Path]:
    """A new empty folder beside `final` that becomes `final` when the block ends well, and vanishes when it does not.

    An existing `final` stands untouched until the new one is complete and durable; a kill between the two renames leaves it set aside,
    from where `sweep` and `sweep_abandoned` put it back. Staging lies on the same disk, never in the system's temporary folder, so
    that the last step is a rename.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    staging = _new_folder(final.parent, STAGING_PREFIX)
    try:
        yield staging
        fsync_tree(staging)
        _put_in_place(staging, final)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _put_in_place(staging: Path, final: Path) -> None:
    if not final.exists():
        staging.rename(final)
        fsync_folder(final.parent)
        return
    aside = _new_folder(final.parent, REPLACED_PREFIX)
    try:
        final.rename(aside / final.name)
        staging.rename(final)
        fsync_folder(final.parent)
    except BaseException:
        _put_back(aside)
        raise
    # Renamed once more, so that a copy whose removal was interrupted is never taken for a whole one.
    trash = aside.rename(aside.with_name(aside.name.replace(REPLACED_PREFIX, TRASH_PREFIX)))
    shutil.rmtree(trash, ignore_errors=True)


def _put_back(aside: Path) -> None:
    """Restore what was set aside where nothing has taken its place, and remove the rest."""
    for kept in list(aside.iterdir()):
        original = aside.parent / kept.name
        if not os.path.lexists(original):
            kept.rename(original)
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def work_folder(beside: Path) -> Iterator[Path]:
    """A new empty folder on the disk of `beside` that always vanishes; what a killed process left there vanishes first."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    sweep_abandoned(beside.parent)
    work = _new_folder(beside.parent, STAGING_PREFIX)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _new_folder(parent: Path, prefix: str) -> Path:
    folder = parent / f"{prefix}{os.getpid()}-{secrets.token_hex(6)}"
    folder.mkdir()
    return folder


def sweep_abandoned(folder: Path) -> None:
    """Clear in `folder` what belongs to processes that no longer run; needs no lock and touches nothing else."""
    for entry in _left_in(folder):
        writer = _WRITERS.fullmatch(entry.name)
        if writer and entry.is_dir() and not _runs(writer[1]):
            _clear(entry)


def sweep(folder: Path) -> None:
    """Clear what an interrupted writer left in `folder`; only call it while holding that folder's lock."""
    for entry in _left_in(folder):
        _clear(entry)


def _left_in(folder: Path) -> list[Path]:
    entries = folder.iterdir() if folder.is_dir() else ()
    return [entry for entry in entries if entry.name.startswith(_OURS) and not entry.is_symlink()]


def _clear(entry: Path) -> None:
    if not entry.is_dir():
        entry.unlink(missing_ok=True)
    elif entry.name.startswith(REPLACED_PREFIX):
        _put_back(entry)
    else:
        shutil.rmtree(entry, ignore_errors=True)


def _runs(pid: str) -> bool:
    try:
        return psutil.pid_exists(int(pid))
    except (OverflowError, ValueError):  # no system numbers a process like that
        return False
