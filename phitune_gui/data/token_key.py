"""What the tokens of a dataset depend on, as one name: contents of all files, tokenizer and template, settings, and this program."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import jinja2
import tokenizers

import phitune_gui
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.recipe import DataSection
from phitune_gui.data.person_paths import expanded
from phitune_gui.data.readers.source_file import check_file, unreadable
from phitune_gui.data.rows import source_paths
from phitune_gui.data.tokenizer_files import TOKENIZER_FILES, read_model_file

_PIPELINE = 1
"""To be raised when the same rows give other tokens, marks or findings than before, or their files change."""
_PIECE_BYTES = 1 << 24


def token_key(data: DataSection, model: BaseModel, seed: int, tick: Callable[[], None] = lambda: None) -> str:
    """The name, 64 hex digits. Raises CannotStart for a file that cannot be read, and what `tick` raises."""
    held_out = [expanded(data.validation.path)] if data.validation.path is not None else []
    sources = [_digest_of(path, tick) for path in (*source_paths(data), *held_out)]
    folder = Path(model.path)
    own = {name: read_model_file(folder / name) for name in TOKENIZER_FILES if (folder / name).is_file()}
    tells_the_day = any(b"strftime_now" in content for content in own.values())
    question = {
        "pipeline": _PIPELINE,
        "versions": [phitune_gui.__version__, tokenizers.__version__, jinja2.__version__],
        "sources": sources,
        "tokenizer": {name: hashlib.sha256(content).hexdigest() for name, content in own.items()},
        "day": date.today().isoformat() if tells_the_day else "",
        "markers": model.chat.model_dump(mode="json") if model.chat else None,
        "folds_system": model.folds_system,
        "data": data.model_dump(mode="json"),
        "seed": seed,
    }
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


def _digest_of(path: Path, tick: Callable[[], None]) -> str:
    check_file(path)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                tick()
    except OSError as error:
        raise unreadable(path, error) from error
    return digest.hexdigest()
