"""Which files a folder must hold, with size and SHA-256, so that damage is found before it is used."""

import hashlib
import re
from pathlib import Path

from phitune_gui.files.atomic import write_text

MANIFEST_FILE = "MANIFEST.sha256"
_SIZE = re.compile(r"# (\d+) bytes  (.+)")
"""Lists of earlier versions have no such lines."""


def hash_file(path: Path) -> str:
    """SHA-256 of the file's bytes as 64 hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Write the manifest of every file directly or deeper in `folder`, in the format of `sha256sum`, sizes as comments."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
    lines = (f"{hash_file(folder / name)}  {name}\n# {(folder / name).stat().st_size} bytes  {name}\n" for name in names)
    write_text(folder / MANIFEST_FILE, "".join(lines))


def verify_manifest(folder: Path) -> list[str]:
    """One sentence per missing or changed file; empty when the folder is whole."""
    lines = _lines(folder)
    if lines is None:
        return [f"{folder} has no readable list of its files ({MANIFEST_FILE})."]
    return [problem for line in lines if not line.startswith("#") and (problem := _check(folder, line))]


def looks_whole(folder: Path) -> bool:
    """Whether every file of the manifest is there in its size. Quick, and no proof of the contents: that is `verify_manifest`."""
    lines = _lines(folder)
    return bool(lines) and all(_has_size(folder, line) if line.startswith("#") else _exists(folder, line) for line in lines or ())


def _lines(folder: Path) -> list[str] | None:
    try:
        return (folder / MANIFEST_FILE).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None


def _exists(folder: Path, line: str) -> bool:
    return (folder / line.partition("  ")[2]).is_file()


def _has_size(folder: Path, line: str) -> bool:
    found = _SIZE.fullmatch(line)
    path = folder / found[2] if found else folder
    return found is None or (path.is_file() and path.stat().st_size == int(found[1]))


def _check(folder: Path, line: str) -> str | None:
    expected, _, name = line.partition("  ")
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return f"{MANIFEST_FILE} names a file outside of its folder: {name}."
    if not path.is_file():
        return f"The file {name} is missing from {folder}."
    return None if hash_file(path) == expected else f"The file {name} in {folder} was changed or damaged."
