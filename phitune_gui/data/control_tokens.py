"""Tells a tokenizer's control tokens from text that merely spells them, and cuts rendered text at the real ones."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.messages import Message

_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What the tokenizers library takes for white space; Python's own idea of it is slightly wider."""
_BREAKERS = [chr(code) for code in range(0xFDD0, 0xFDF0)]
"""Code points that are never characters: one of them is put inside spelled control tokens while a template is rendered."""


@dataclass(frozen=True, slots=True)
class ControlToken:
    """One control token; `lstrip` and `rstrip` say whether it swallows the white space before and after it."""

    id: int
    text: str
    lstrip: bool
    rstrip: bool
    single_word: bool


class Piece(NamedTuple):
    """A part of a rendered text: a control token, or plain text (`token` None) that must give no control token."""

    text: str
    token: ControlToken | None = None


class ControlTokens:
    """The control tokens of one tokenizer.

    Added tokens written between angle brackets are control tokens even where the tokenizer does not call them special (`</s>` of Phi-3).
    """

    def __init__(self, tokenizer: Mapping[str, Any]) -> None:
        """From the content of tokenizer.json."""
        added = [each for each in tokenizer.get("added_tokens", ()) if is_control(each)]
        tokens = [
            ControlToken(each["id"], each["content"], bool(each["lstrip"]), bool(each["rstrip"]), bool(each["single_word"]))
            for each in added
        ]
        self._by_text = {token.text: token for token in tokens}
        longest_first = sorted(tokens, key=lambda token: -len(token.text))
        written = "|".join(map(_pattern_of, longest_first)) or "(?!)"
        self._pattern, self._splitter = re.compile(written), re.compile(f"({written})")
        self._pieces = {token.text: Piece(token.text, token) for token in tokens}

    def id_of(self, text: str) -> int | None:
        """The id of the control token that is written like this."""
        token = self._by_text.get(text)
        return None if token is None else token.id

    def spelled_in(self, text: str) -> bool:
        """Whether the text spells a control token."""
        return self._pattern.search(text) is not None

    def cut(self, text: str) -> list[Piece]:
        """The text as control tokens and what stands between them, without the white space that they swallow."""
        pieces: list[Piece] = []
        swallows = False
        *parts, rest = self._splitter.split(text)
        for at in range(0, len(parts), 2):
            between, control = parts[at], self._pieces[parts[at + 1]]
            between = between.lstrip(_BLANKS) if swallows else between
            between = between.rstrip(_BLANKS) if control.token is not None and control.token.lstrip else between
            if between:
                pieces.append(Piece(between))
            pieces.append(control)
            swallows = control.token is not None and control.token.rstrip
        if rest := rest.lstrip(_BLANKS) if swallows else rest:
            pieces.append(Piece(rest))
        return pieces

    def disarm(self, messages: Sequence[Message]) -> "Disarmed":
        """The messages with every spelled control token broken by a mark, and the mark; unchanged when there is none."""
        if not any(self.spelled_in(turn.content) for turn in messages):
            return Disarmed(messages, "")
        mark = unused_mark(turn.content for turn in messages)
        return Disarmed([turn.model_copy(update={"content": self.broken(turn.content, mark)}) for turn in messages], mark)

    def broken(self, text: str, mark: str) -> str:
        """The text with the mark behind the first letter of every spelled control token, until none is spelled any more."""
        while (match := self._pattern.search(text)) is not None:
            text = f"{text[: match.start() + 1]}{mark}{text[match.start() + 1 :]}"
        return text


@dataclass(frozen=True, slots=True)
class Disarmed:
    """Messages that spell no control token; `mark` is to be taken out of the pieces again, "" when nothing was changed."""

    messages: Sequence[Message]
    mark: str

    def restored(self, text: str) -> str:
        """The text without the mark."""
        return text.replace(self.mark, "") if self.mark else text


def unused_mark(texts: Iterable[str]) -> str:
    """A non-character that stands in none of the texts. Raises BadRow for a row that holds all 32 of them."""
    used = set().union(*map(set, texts))
    mark = next((mark for mark in _BREAKERS if mark not in used), None)
    if mark is None:
        raise BadRow("The row holds code points that are never characters.", "Leave the row out; it is not text.")
    return mark


def is_control(added_token: Mapping[str, Any]) -> bool:
    """Whether an entry of `added_tokens` steers the chat: special by its own word, or written between angle brackets."""
    text = str(added_token.get("content", ""))
    bracketed = len(text) > 2 and text.startswith("<") and text.endswith(">")
    return len(text.strip()) > 1 and (added_token.get("special") is True or bracketed)


def _pattern_of(token: ControlToken) -> str:
    written = re.escape(token.text)
    return rf"(?<!\w){written}(?!\w)" if token.single_word else written
