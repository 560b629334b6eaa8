"""What machines that train together must have in common, and how two of them differ."""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = ("phitune", "torch", "transformers", "peft")
_SAMPLE = 65536


def greeting(model: Path) -> dict[str, str]:
    """What must be equal on all machines: versions of the libraries, and the model by samples of its files."""
    digest = hashlib.sha256()
    for path in sorted([model / "config.json", model / "tokenizer.json", *model.glob("*.safetensors")]):
        if path.is_file():
            digest.update(path.name.encode() + _sampled(path))
    return {**{name: version(name) for name in _LIBRARIES}, "model": digest.hexdigest()}


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
    return f"It has {', '.join(other)}." if other else ""
