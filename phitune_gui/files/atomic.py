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
_WRITERS = re.compile(rf"{re.escape(STAGING_PREFIX)}(\d+)-[0-9a-f]+")
"""Staging that says which process it belongs to."""


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

    An existing `final` stands untouched until the new one is complete and durable. Staging lies on the same disk, never in the
    system's temporary folder, so that the last step is a rename.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    staging = _new_folder(final.parent)
    try:
        yield staging
        fsync_tree(staging)
        trash = final.parent / f"{TRASH_PREFIX}{secrets.token_hex(6)}"
        if final.exists():
            final.rename(trash)
        staging.rename(final)
        fsync_folder(final.parent)
        shutil.rmtree(trash, ignore_errors=True)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


@contextmanager
def work_folder(beside: Path) -> Iterator[Path]:
    """A new empty folder on the disk of `beside` that always vanishes; what a killed process left there vanishes first."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    sweep_abandoned(beside.parent)
    work = _new_folder(beside.parent)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _new_folder(parent: Path) -> Path:
    folder = parent / f"{STAGING_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
    folder.mkdir()
    return folder


def sweep_abandoned(folder: Path) -> None:
    """Remove staging folders in `folder` whose process no longer runs; needs no lock and touches nothing else."""
    for entry in folder.glob(f"{STAGING_PREFIX}*") if folder.is_dir() else ():
        writer = _WRITERS.fullmatch(entry.name)
        if writer and entry.is_dir() and not entry.is_symlink() and not psutil.pid_exists(int(writer[1])):
            shutil.rmtree(entry, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what an interrupted writer left in `folder`; only call it while holding that folder's lock."""
    for entry in folder.glob(".*") if folder.is_dir() else ():
        if entry.name.startswith((STAGING_PREFIX, TRASH_PREFIX)) and not entry.is_symlink():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
