"""Turns conversations into token ids and says which of them carry loss, with the model's own tokenizer.json and nothing else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson
from tokenizers import Encoding, Tokenizer

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.base_model import ChatMarkers
from phitune_gui.core.messages import Conversation, Message
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.chat_text import ChatText, CutText
from phitune_gui.data.control_tokens import ControlTokens, Piece, is_control
from phitune_gui.data.learned import Markers
from phitune_gui.data.render import ChatTemplate
from phitune_gui.data.tokenizer_files import TokenizerFiles, read_tokenizer_files

TrainOn = Literal["answers", "everything"]


class TokenRow(NamedTuple):
    """One row's token ids, the stretches (from, to) of them that carry loss, and the text they were made from."""

    ids: list[int]
    spans: list[tuple[int, int]]
    text: str

    def cut(self, max_length: int) -> "TokenRow":
        """The first `max_length` tokens."""
        if len(self.ids) <= max_length:
            return self
        spans = [(start, min(end, max_length)) for start, end in self.spans if start < max_length]
        return TokenRow(self.ids[:max_length], spans, self.text)

    @property
    def learns(self) -> bool:
        """Whether a token carries loss; the first one is never predicted."""
        return bool(self.spans) and self.spans[-1][1] > max(self.spans[-1][0], 1)

    @property
    def learned(self) -> int:
        """How many tokens carry loss."""
        return sum([end - start for start, end in self.spans])

    def encoded(self) -> "Encoded":
        """The same, token by token."""
        learned = [False] * len(self.ids)
        for start, end in self.spans:
            learned[start:end] = [True] * (end - start)
        return Encoded(self.ids, learned, self.text)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One row as the model reads it: token ids, for each whether it carries loss, and the text they were made from."""

    ids: list[int]
    learned: list[bool]
    text: str

    def cut(self, max_length: int) -> "Encoded":
        """The first `max_length` tokens."""
        return self if len(self.ids) <= max_length else Encoded(self.ids[:max_length], self.learned[:max_length], self.text)


class ChatTokenizer:
    """A model folder's tokenizer and chat template. Text that spells control tokens is encoded as text, never as control tokens."""

    def __init__(self, files: TokenizerFiles, chat: ChatMarkers | None, folds_system: bool = False) -> None:
        self._tokenizer = _plain_text_tokenizer(files.tokenizer)
        self._controls = ControlTokens(files.tokenizer)
        template = None if files.template is None else ChatTemplate(files.template, files.special_tokens)
        self._chat = ChatText(template, self._controls, folds_system)
        self.bos_id = self._id(files.special_tokens.get("bos_token"))
        self.eos_id = self._id(files.special_tokens.get("eos_token"))
        self._first = [self.bos_id] if files.adds_bos and self.bos_id is not None else []
        self._markers = None if chat is None else self._read_markers(chat)
        end = () if self._markers is None else self._markers.end[-1:]
        self.end_ids: tuple[int, ...] = tuple(dict.fromkeys((*end, *self._closing, *files.end_ids)))
        """The ids that end an answer, the chat's own first."""

    @classmethod
    def load(cls, model_folder: Path, chat: ChatMarkers | None, folds_system: bool = False) -> "ChatTokenizer":
        """From tokenizer.json of the folder. Raises CannotStart when it cannot be used."""
        return cls(read_tokenizer_files(model_folder), chat, folds_system)

    @property
    def folds_system(self) -> bool:
        """Whether system texts are put into the user's turns, because the template drops them."""
        return self._chat.folds_system

    @property
    def folds_tools(self) -> bool:
        """Whether results of tools are shown as the user's turns, because the template drops them."""
        return self._chat.folds_tools

    def encode(self, conversation: Conversation, train_on: TrainOn = "answers") -> Encoded:
        """All of the conversation's tokens, not cut. Raises BadRow when the chat template refuses it."""
        cut = self._cut(conversation)
        return self._assembled(cut, self._ids_of([cut]), train_on, conversation.text is not None).encoded()

    def encode_batches(self, batches: Iterable[Sequence[Conversation]], train_on: TrainOn = "answers") -> Iterator[list[TokenRow | BadRow]]:
        """As `encode`, many at a time and faster; a BadRow in the place of each that is refused.

        While the library turns one batch into tokens, which needs no Python, the next one is asked for and rendered.
        """
        with ThreadPoolExecutor(1, "phitune-encode") as beside:
            waiting: tuple[list[_Cut], list[str], Future[list[Encoding]]] | None = None
            for batch in batches:
                cuts = [self._cut_or_bad(conversation) for conversation in batch]
                texts = _plain_texts(cut for cut, _ in cuts if isinstance(cut, CutText))
                begun = cuts, texts, beside.submit(self._encodings, texts)
                if waiting is not None:
                    yield self._batch_of(*waiting, train_on)
                waiting = begun
            if waiting is not None:
                yield self._batch_of(*waiting, train_on)

    def _batch_of(
        self, cuts: "list[_Cut]", texts: list[str], encodings: "Future[list[Encoding]]", train_on: TrainOn
    ) -> list[TokenRow | BadRow]:
        ids = {text: encoding.ids for text, encoding in zip(texts, encodings.result(), strict=True)}
        return [cut if isinstance(cut, BadRow) else self._assembled(cut, ids, train_on, is_plain) for cut, is_plain in cuts]

    def token_texts(self, conversation: Conversation) -> list[str]:
        """What each token of `encode` stands for: control tokens as themselves, the others' texts join to what was written."""
        is_plain = conversation.text is not None
        texts = [self._name(id) for id in self._first] if is_plain else []
        for piece in self._cut(conversation).pieces:
            texts.extend(self._texts_of(piece.text) if piece.token is None else [piece.text])
        return [*texts, *(self._name(id) for id in self._closing)] if is_plain else texts

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The ids after which the answer begins."""
        cut = self._chat.cut(messages, add_generation_prompt=True)
        ids = _joined(cut, self._ids_of([cut]))
        header = [] if self._markers is None else list(self._markers.header)
        return ids if ids[len(ids) - len(header) :] == header else ids + header

    def decode(self, ids: Sequence[int]) -> str:
        """The text of the ids, control tokens left out."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def spells_control_tokens(self, conversation: Conversation) -> bool:
        """Whether its own text spells a control token."""
        texts = (turn.content for turn in conversation.messages)
        return any(self._controls.spelled_in(text) for text in (*texts, conversation.text or ""))

    @property
    def _closing(self) -> list[int]:
        return [] if self.eos_id is None else [self.eos_id]

    def _id(self, text: str | None) -> int | None:
        return None if text is None else self._tokenizer.token_to_id(text)

    def _name(self, id: int) -> str:
        return self._tokenizer.id_to_token(id) or ""

    def _cut(self, conversation: Conversation) -> CutText:
        if conversation.text is not None:
            return CutText(conversation.text, (Piece(conversation.text),))
        return self._chat.cut(conversation.messages)

    def _cut_or_bad(self, conversation: Conversation) -> "_Cut":
        try:
            return self._cut(conversation), conversation.text is not None
        except BadRow as bad:
            return bad, False

    def _ids_of(self, cuts: Iterable[CutText]) -> dict[str, list[int]]:
        """The ids of all plain pieces, by their text."""
        texts = _plain_texts(cuts)
        return {text: encoding.ids for text, encoding in zip(texts, self._encodings(texts), strict=True)}

    def _encodings(self, texts: list[str]) -> list[Encoding]:
        encodings: list[Encoding] = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return encodings

    def _assembled(self, cut: CutText, ids: Mapping[str, list[int]], train_on: TrainOn, is_plain: bool) -> TokenRow:
        joined = _joined(cut, ids)
        if is_plain:
            joined = [*self._first, *joined, *self._closing]
        if is_plain or train_on == "everything":
            leads = bool(joined) and joined[0] == self.bos_id
            return TokenRow(joined, [(1 if leads else 0, len(joined))] if len(joined) > leads else [], cut.text)
        if self._markers is None:
            raise CannotStart(
                "data.train_on", "PhiTune does not know how this model marks answers.", "Learn from everything, or choose another model."
            )
        return TokenRow(joined, self._markers.spans(joined), cut.text)

    def _texts_of(self, text: str) -> list[str]:
        """The part of the text that each of its tokens covers; a letter made of several tokens is shown with the first."""
        ends = [end for _, end in self._tokenizer.encode(text, add_special_tokens=False).offsets]
        texts: list[str] = []
        covered = 0
        for end in [*ends[:-1], len(text)]:
            texts.append(text[covered : max(covered, end)])
            covered = max(covered, end)
        return texts

    def _read_markers(self, chat: ChatMarkers) -> Markers:
        """The markers' ids; the header's words get a piece of their own only where that changes no id."""
        if self._chat.has_template:
            self._chat.find_header_words(chat.answer_header)
            if not self._agrees_with_one_shot():
                self._chat.header_words = None
                self._refuse_unless_agreed()
        header, end = self._chat.marker(chat.answer_header), self._chat.marker(chat.answer_end)
        ids = self._ids_of((header, end))
        return Markers(tuple(_joined(header, ids)), tuple(_joined(end, ids)))

    def _refuse_unless_agreed(self) -> None:
        if not self._agrees_with_one_shot():
            raise CannotStart(
                "model.path", "This model's tokenizer treats its control tokens in a way PhiTune does not know.",
                "Copy tokenizer.json again from where the model came, or choose another model.",
            )  # fmt: skip

    def _agrees_with_one_shot(self) -> bool:
        """Whether a conversation in pieces gives the ids that its whole text gives at once."""
        cut = self._chat.cut((Message(role="user", content="Hi, you 2!"), Message(role="assistant", content="Hello there.")))
        self._tokenizer.encode_special_tokens = False
        at_once = self._tokenizer.encode(cut.text, add_special_tokens=False).ids
        self._tokenizer.encode_special_tokens = True
        return bool(at_once == _joined(cut, self._ids_of([cut])))


_Cut = tuple[CutText | BadRow, bool]
"""A conversation in pieces, or its refusal; and whether it is plain text."""


def _plain_texts(cuts: Iterable[CutText]) -> list[str]:
    """Every different text between control tokens."""
    return list(dict.fromkeys([text for cut in cuts for text, token in cut.pieces if token is None]))


def _joined(cut: CutText, ids: Mapping[str, list[int]]) -> list[int]:
    joined: list[int] = []
    for text, token in cut.pieces:
        if token is None:
            joined += ids[text]
        else:
            joined.append(token.id)
    return joined


def _plain_text_tokenizer(content: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer, made to find none of its control tokens in text. Raises CannotStart when it cannot be used."""
    try:
        added = [{**each, "special": True} if is_control(each) else each for each in content.get("added_tokens", ())]
        tokenizer = Tokenizer.from_str(orjson.dumps({**content, "added_tokens": added}).decode())
    except Exception as error:  # the library raises bare Exception for every file it does not understand
        raise CannotStart(
            "model.path", f"The model's tokenizer.json cannot be used: {str(error)[:200]}.", "Copy it again from where the model came."
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    return tokenizer
