"""Finds model folders below given folders, Hugging Face caches included; reads only, and only so far down."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.json_file import read_limited
from phitune_gui.store.model_folder.other_contents import CONFIG, SIGNS
from phitune_gui.store.paths import expanded

DEEPEST = 5
"""From ~/.cache/huggingface: hub, models--x--y, snapshots, revision; one to spare."""
MOST_FOLDERS = 20_000
_CONFIG_LIMIT = 10_000_000
_NEVER = {"node_modules", "blobs", "site-packages", "__pycache__"}


def huggingface_cache() -> Path:
    """Where Hugging Face libraries keep models on this machine; the folder may not exist."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return expanded(named) if named else expanded(home) / "hub"


def snapshot_of(folder: Path) -> Path:
    """The newest revision inside a cache folder `models--owner--name`; any other folder as it is."""
    if (folder / CONFIG).exists():
        return folder
    snapshots = [path for path in _children(folder / "snapshots") if (path / CONFIG).exists()]
    with suppress(CannotStart):
        main = read_limited(folder / "refs" / "main", 200).decode("ascii", "replace").strip()
        snapshots = [path for path in snapshots if path.name == main] or snapshots
    return snapshots[-1] if snapshots else folder


def find_model_folders(folders: Iterable[Path]) -> list[Path]:
    """Every folder at or below `folders` that looks like a model, each once, in the order of their paths."""
    seen: set[Path] = set()
    found: list[Path] = []
    for folder in folders:
        found += _below(expanded(folder).absolute(), 0, seen)
    return found


def _below(folder: Path, depth: int, seen: set[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in seen or len(seen) >= MOST_FOLDERS:
        return
    seen.add(real)
    if _looks_like_model(folder) or (depth == 0 and (folder / CONFIG).exists()):
        yield folder
    elif depth < DEEPEST:
        for child in _children(folder):
            yield from _below(child, depth + 1, seen)


def _looks_like_model(folder: Path) -> bool:
    """Weights or an adapter lie here, or a config.json that is meant for a model; many programs have a config.json."""
    with suppress(OSError, CannotStart):
        if any(next(folder.glob(pattern), None) for pattern in SIGNS):
            return True
        if (folder / CONFIG).exists():
            return (folder / "tokenizer.json").exists() or b'"model_type"' in read_limited(folder / CONFIG, _CONFIG_LIMIT)
    return False


def _children(folder: Path) -> list[Path]:
    """Folders inside, sorted by name, hidden and hopeless ones left out; none when the folder cannot be read."""
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.name not in _NEVER and path.name[:1] != "." and path.is_dir())
    return []
