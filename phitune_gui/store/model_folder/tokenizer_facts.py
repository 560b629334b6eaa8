"""What a model folder's tokenizer files say: its control tokens, and what its chat template does with messages."""

from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationError

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Lenient
from phitune_gui.data.json_file import FETCH_AGAIN
from phitune_gui.data.render import ChatTemplate
from phitune_gui.data.tokenizer_files import TokenizerFiles, read_tokenizer_files

TOKENIZER = "tokenizer.json"


class TokenizerFacts(NamedTuple):
    """Ids of the added tokens by their text, and the chat template, None when the folder has none."""

    added_tokens: dict[str, int]
    template: ChatTemplate | None


class _AddedToken(Lenient):
    id: Annotated[int, Field(ge=0)]
    content: str


class _Tokenizer(Lenient):
    added_tokens: tuple[_AddedToken, ...] = ()


def read_tokenizer(folder: Path) -> TokenizerFacts:
    """The facts; CannotStart when tokenizer.json is missing or one of the files cannot be read."""
    if not (folder / TOKENIZER).exists():
        old = " It has only tokenizer.model, an older form." if (folder / "tokenizer.model").exists() else ""
        raise CannotStart(
            str(folder), f"The folder has no {TOKENIZER}, so text cannot be turned into tokens.{old}",
            f"Fetch {TOKENIZER} and tokenizer_config.json of this model into this folder.",
        )  # fmt: skip
    files = read_tokenizer_files(folder)
    template = ChatTemplate(files.template, files.special_tokens) if files.template else None
    return TokenizerFacts(_added_tokens(folder / TOKENIZER, files), template)


def _added_tokens(path: Path, files: TokenizerFiles) -> dict[str, int]:
    try:
        added = _Tokenizer.model_validate({"added_tokens": files.tokenizer.get("added_tokens") or ()}).added_tokens
    except ValidationError as error:
        raise CannotStart(str(path), f"{TOKENIZER} describes its added tokens wrongly.", FETCH_AGAIN) from error
    return {token.content: token.id for token in added}
