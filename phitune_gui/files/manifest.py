"""Which files a folder must hold, with size and SHA-256, so that damage is found before it is used."""

import hashlib
from pathlib import Path

from phitune_gui.files.atomic import write_text

MANIFEST_FILE = "MANIFEST.sha256"


def hash_file(path: Path) -> str:
    """SHA-256 of the file's bytes as 64 hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Write the manifest of every file directly or deeper in `folder`, in the format of `sha256sum`."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
    write_text(folder / MANIFEST_FILE, "".join(f"{hash_file(folder / name)}  {name}\n" for name in names))


def verify_manifest(folder: Path) -> list[str]:
    """One sentence per missing or changed file; empty when the folder is whole."""
    try:
        lines = (folder / MANIFEST_FILE).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return [f"{folder} has no readable list of its files ({MANIFEST_FILE})."]
    return [problem for line in lines if (problem := _check(folder, line))]


def _check(folder: Path, line: str) -> str | None:
    expected, _, name = line.partition("  ")
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return f"{MANIFEST_FILE} names a file outside of its folder: {name}."
    if not path.is_file():
        return f"The file {name} is missing from {folder}."
    return None if hash_file(path) == expected else f"The file {name} in {folder} was changed or damaged."
