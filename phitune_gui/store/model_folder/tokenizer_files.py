"""What a model folder's tokenizer files say: control tokens and whether there is a chat template. The template is not run here."""

from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationError

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Lenient
from phitune_gui.store.model_folder.json_file import FETCH_AGAIN, read_json_object, read_limited

TOKENIZER = "tokenizer.json"
SETTINGS = "tokenizer_config.json"
TEMPLATE = "chat_template.jinja"
_TOKENIZER_LIMIT = 64_000_000
_SETTINGS_LIMIT = 10_000_000


class TokenizerFacts(NamedTuple):
    """Ids of the added tokens by their text, and whether a chat template lies in the folder."""

    added_tokens: dict[str, int]
    has_template: bool


class _AddedToken(Lenient):
    id: Annotated[int, Field(ge=0)]
    content: str


class _Tokenizer(Lenient):
    added_tokens: tuple[_AddedToken, ...] = ()


def read_tokenizer(folder: Path) -> TokenizerFacts:
    """The facts; CannotStart when tokenizer.json is missing or cannot be read."""
    if not (folder / TOKENIZER).exists():
        old = " It has only tokenizer.model, an older form." if (folder / "tokenizer.model").exists() else ""
        raise CannotStart(
            str(folder), f"The folder has no {TOKENIZER}, so text cannot be turned into tokens.{old}",
            f"Fetch {TOKENIZER} and {SETTINGS} of this model into this folder.",
        )  # fmt: skip
    content = read_json_object(folder / TOKENIZER, _TOKENIZER_LIMIT)
    try:
        added = _Tokenizer.model_validate({"added_tokens": content.get("added_tokens") or ()}).added_tokens
    except ValidationError as error:
        raise CannotStart(str(folder / TOKENIZER), f"{TOKENIZER} describes its added tokens wrongly.", FETCH_AGAIN) from error
    return TokenizerFacts({token.content: token.id for token in added}, _has_template(folder))


def _has_template(folder: Path) -> bool:
    """A file of its own, or inside tokenizer_config.json as one text or as a list of named ones."""
    if (folder / TEMPLATE).exists():
        return bool(read_limited(folder / TEMPLATE, _SETTINGS_LIMIT).strip())
    if not (folder / SETTINGS).exists():
        return False
    template = read_json_object(folder / SETTINGS, _SETTINGS_LIMIT).get("chat_template")
    return bool(template) and isinstance(template, str | list)
