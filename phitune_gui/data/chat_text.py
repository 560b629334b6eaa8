"""A conversation's text in pieces: the template's control tokens, and between them what must be encoded as plain text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from phitune_gui.core.messages import Message
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.control_tokens import ControlTokens, Disarmed, Piece
from phitune_gui.data.folding import fold_system, fold_tools
from phitune_gui.data.render import ChatTemplate


@dataclass(frozen=True, slots=True)
class CutText:
    """A text and its pieces in order."""

    text: str
    pieces: tuple[Piece, ...]


class ChatText:
    """Renders conversations and cuts them at the control tokens that the template wrote, not at those that people wrote.

    `folds_system` and `folds_tools` say whether turns that the template would drop are moved into the user's turns.
    `header_words` is the plain end of the answer's header behind its control token (ChatML's `assistant` and line end): it gets a
    piece of its own, so that answers begin in training with the ids with which they begin when they are asked for.
    """

    def __init__(self, template: ChatTemplate | None, controls: ControlTokens, folds_system: bool) -> None:
        self._template = template
        self._controls = controls
        self.folds_system = folds_system or (template is not None and not template.shows("system"))
        self.folds_tools = template is not None and not template.shows("tool")
        self.header_words: tuple[str, str] | None = None

    @property
    def has_template(self) -> bool:
        """Whether conversations can be rendered at all."""
        return self._template is not None

    def find_header_words(self, answer_header: str) -> None:
        """Set `header_words` when the header is one control token and words."""
        pieces = tuple(self._controls.cut(answer_header))
        if len(pieces) == 2 and pieces[0].token is not None:
            self.header_words = (pieces[0].text, pieces[1].text)

    def marker(self, text: str) -> CutText:
        """A header or end of an answer, as it stands in rendered text."""
        return CutText(text, tuple(self._controls.cut(text)))

    def cut(self, messages: Sequence[Message], add_generation_prompt: bool = False) -> CutText:
        """The rendered conversation. Raises BadRow when the template refuses it, CannotStart when the model has none."""
        if self._template is None:
            raise CannotStart("model.path", "This model has no chat template.", "Choose an instruct model, or learn from plain text.")
        shown = fold_tools(messages) if self.folds_tools else messages
        disarmed = self._controls.disarm(fold_system(shown) if self.folds_system else shown)
        text = self._template.render(disarmed.messages, add_generation_prompt)
        if self.header_words is None and not disarmed.mark:
            return CutText(text, tuple(self._controls.cut(text)))
        return CutText(disarmed.restored(text), tuple(self._pieces(text, disarmed)))

    def _pieces(self, text: str, disarmed: Disarmed) -> Iterator[Piece]:
        before = ""
        for piece in self._controls.cut(text):
            if piece.token is not None:
                yield piece
            elif self.header_words is not None and before == self.header_words[0] and piece.text.startswith(self.header_words[1]):
                length = len(self.header_words[1])
                yield from (Piece(part) for part in (piece.text[:length], disarmed.restored(piece.text[length:])) if part)
            else:
                yield Piece(disarmed.restored(piece.text))
            before = piece.text if piece.token is not None else ""
