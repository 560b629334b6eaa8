"""What machines that train together must have in common, and how two of them differ."""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = ("phitune", "torch", "transformers", "peft")
_SAMPLE = 65536
OTHER_ROWS = "It reads other rows than the first machine."


def greeting(model: Path, rows: str) -> dict[str, str]:
    """What must be equal on all machines: versions of the libraries, the model by samples of its files, the rows by their fingerprint."""
    digest = hashlib.sha256()
    for path in sorted([model / "config.json", model / "tokenizer.json", *model.glob("*.safetensors")]):
        if path.is_file():
            digest.update(path.name.encode() + _sampled(path))
    return {**{name: version(name) for name in _LIBRARIES}, "model": digest.hexdigest(), "rows": rows}


def _sampled(path: Path) -> bytes:
    """Size, beginning, middle and end of a file, and thirteen places more: enough to tell models apart in a moment."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for part in range(16):
            file.seek(max(0, size - _SAMPLE) * part // 15)
            digest.update(file.read(_SAMPLE))
    return digest.digest()


def differences(mine: dict[str, str], theirs: Any) -> str:
    """Why a machine that greets so cannot train along, as sentences; empty when it can."""
    if not isinstance(theirs, dict):
        return "It did not say what it is."
    if theirs.get("model") != mine["model"]:
        return "Its model folder holds other files than the first machine's."
    other = [f"{name} {theirs.get(name)} instead of {mine[name]}" for name in _LIBRARIES if theirs.get(name) != mine[name]]
    if other:
        return f"It has {', '.join(other)}."
    return OTHER_ROWS if theirs.get("rows") != mine["rows"] else ""
