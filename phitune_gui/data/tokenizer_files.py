"""Reads what a model folder says about its tokenizer beside the tokenizer itself: template, special tokens, end tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.render import MAX_TEMPLATE_BYTES

MAX_JSON_BYTES = 64 * 1024 * 1024
_TOKENIZER, _CONFIG, _TEMPLATE, _SPECIALS, _GENERATION = TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json", "generation_config.json",
)  # fmt: skip
"""All that a model folder can say about its tokenizer."""
_SPECIAL = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


@dataclass(frozen=True, slots=True)
class TokenizerFiles:
    """`tokenizer` is the content of tokenizer.json, `template` None when the model has none; `end_ids` are generation_config.json's."""

    tokenizer: Mapping[str, Any]
    template: str | None
    special_tokens: Mapping[str, str]
    adds_bos: bool
    end_ids: tuple[int, ...]


def read_tokenizer_files(folder: Path) -> TokenizerFiles:
    """The files of a model folder. Raises CannotStart when tokenizer.json is missing or one of them cannot be read."""
    path = folder / _TOKENIZER
    if not path.is_file():
        raise CannotStart("model.path", f"The model folder '{folder}' has no tokenizer.json.", "Copy it there from where the model came.")
    config = _json_object(folder / _CONFIG)
    return TokenizerFiles(
        tokenizer=_json_object(path),
        template=_template(folder, config),
        special_tokens=_special_tokens({**_json_object(folder / _SPECIALS), **config}),
        adds_bos=config.get("add_bos_token") is True,
        end_ids=_end_ids(_json_object(folder / _GENERATION)),
    )


def _template(folder: Path, config: Mapping[str, Any]) -> str | None:
    """chat_template.jinja wins over tokenizer_config.json; of several named templates the default one is used."""
    path = folder / _TEMPLATE
    if path.exists():
        return read_model_file(path, MAX_TEMPLATE_BYTES).decode("utf-8", errors="replace")
    template = config.get("chat_template")
    if isinstance(template, list):
        template = {each.get("name"): each.get("template") for each in template if isinstance(each, dict)}
    if isinstance(template, dict):
        template = template.get("default")
    return template if isinstance(template, str) else None


def _special_tokens(config: Mapping[str, Any]) -> dict[str, str]:
    found = {name: config.get(name) for name in _SPECIAL}
    texts = {name: value.get("content") if isinstance(value, dict) else value for name, value in found.items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _end_ids(config: Mapping[str, Any]) -> tuple[int, ...]:
    ids = config.get("eos_token_id")
    return tuple(id for id in (ids if isinstance(ids, list) else [ids]) if isinstance(id, int))


def _json_object(path: Path) -> dict[str, Any]:
    """The object in the file; empty when there is no such file."""
    if not path.exists():
        return {}
    try:
        value = orjson.loads(read_model_file(path))
    except orjson.JSONDecodeError as error:
        raise CannotStart("model.path", f"The model's '{path}' is not valid JSON: {error}.", "Copy the model again.") from error
    return value if isinstance(value, dict) else {}


def read_model_file(path: Path, limit: int = MAX_JSON_BYTES) -> bytes:
    """The whole file. Raises CannotStart for what is no plain file, too long or not to be read."""
    if not path.is_file():  # opening a pipe or a device can wait for ever
        raise CannotStart("model.path", f"The model's '{path}' is no file but a folder, a pipe or a device.", "Copy the model again.")
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise CannotStart(
            "model.path", f"The model's '{path}' cannot be read: {error.strerror}.", "Check the permissions of the model folder."
        ) from error
    if len(content) > limit:
        raise CannotStart("model.path", f"The model's '{path}' is longer than {limit} bytes.", "Choose another model.")
    return content
