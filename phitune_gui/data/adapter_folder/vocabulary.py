"""Whether an adapter folder brings tokens that its base model does not know."""

from pathlib import Path
from typing import Any

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.adapter_folder.files import require_inside
from phitune_gui.data.json_file import read_json_object

_LIMIT = 60_000_000


def refuse_new_tokens(folder: Path, model: BaseModel) -> None:
    """CannotStart when the folder's tokenizer has tokens that the model's has not: trained embeddings would be missing."""
    known = _tokens(Path(model.path), Path(model.path))
    new = sorted(_tokens(folder, folder) - known)
    if new and known:
        shown = ", ".join(token[:30] for token in new[:5])
        raise CannotStart(
            str(folder), f"The adapter's tokenizer has {len(new)} tokens that the base model does not know, such as {shown}.",
            "Merge it with the library that made it and choose the merged model, or train it again without new tokens.",
        )  # fmt: skip


def _tokens(folder: Path, inside: Path) -> set[str]:
    """Every added token that the folder's files name."""
    found: set[str] = set()
    for name, take in (("tokenizer.json", _of_tokenizer), ("added_tokens.json", _of_list)):
        path = folder / name
        if path.is_file():
            require_inside(inside, path)
            found |= take(read_json_object(path, _LIMIT))
    return found


def _of_tokenizer(document: dict[str, Any]) -> set[str]:
    added = document.get("added_tokens")
    entries = added if isinstance(added, list) else ()
    return {entry["content"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("content"), str)}


def _of_list(document: dict[str, Any]) -> set[str]:
    return set(document)
