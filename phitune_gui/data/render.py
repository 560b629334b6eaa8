"""Writes a conversation as the model's chat template says, in the same sandbox and by the same rules as transformers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import jinja2
import jinja2.exceptions

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.messages import Message, Role
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.opaque_template import copies_contents
from phitune_gui.data.template_limits import MAX_RENDERED, MAX_SECONDS, TakesTooLong
from phitune_gui.data.template_sandbox import TemplateSandbox, bounded_join

__all__ = ["MAX_RENDERED", "MAX_TEMPLATE_BYTES", "SENTINEL", "ChatTemplate"]

MAX_TEMPLATE_BYTES = 100_000
MOST_SLOW_ROWS = 5
"""One strange row may be slow; a template that is slow again and again would take days for a dataset."""
MOST_FRAMES = 1000
"""Different sequences of roles whose frames are kept; conversations of other ones are rendered one by one."""
SENTINEL = "phitune-sentinel"
_WHAT_TEMPLATES_RAISE = (
    jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError, MemoryError,
)  # fmt: skip
"""A template is foreign code: whatever it raises is its refusal of the row, not a fault of ours."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a template writes around contents: `before[i]` and then the content of the message at `places[i]`; at the end `after`."""

    before: tuple[str, ...]
    places: tuple[int, ...]
    after: str

    @classmethod
    def cut(cls, text: str, mark: str) -> "Frame":
        """From a text in which `mark-3-` stands for the content of message 3."""
        parts = re.split(re.escape(mark) + r"-(\d+)-", text)
        return cls(tuple(parts[:-1:2]), tuple(map(int, parts[1::2])), parts[-1])

    def around(self, contents: Sequence[str]) -> str:
        """The whole text of a conversation."""
        parts = [part for before, place in zip(self.before, self.places, strict=True) for part in (before, contents[place])]
        return "".join([*parts, self.after])


class ChatTemplate:
    """A chat template with the special tokens it may name (`bos_token`, `eos_token`, ...)."""

    def __init__(self, source: str, special_tokens: Mapping[str, str]) -> None:
        """Raises CannotStart when the template is too long or does not parse."""
        size = len(source.encode())
        if size > MAX_TEMPLATE_BYTES:
            raise _unusable(f"is {size} bytes long; more than {MAX_TEMPLATE_BYTES} are not accepted")
        try:
            self._sandbox = TemplateSandbox()
            self._template = self._sandbox.from_string(source)
            self._copies = copies_contents(self._sandbox.syntax(source))
        except (jinja2.TemplateSyntaxError, RecursionError, ValueError, SyntaxError, ArithmeticError, MemoryError) as error:
            raise _unusable(f"cannot be parsed ({error})") from error
        self._special_tokens = dict(special_tokens)
        self._slow_rows = 0
        self._frames: dict[tuple[bool, str], Frame] = {}

    def render(self, messages: Iterable[Message], add_generation_prompt: bool = False) -> str:
        """The conversation's text. Raises BadRow when the template refuses it, writes or works too long; CannotStart when it often does."""
        turns = tuple(messages)
        if not self._copies:
            return self._run(turns, add_generation_prompt)
        asked = add_generation_prompt, " ".join([turn.role for turn in turns])
        frame = self._frames.get(asked)
        if frame is None and len(self._frames) < MOST_FRAMES:
            frame = self._frames[asked] = self._frame(turns, add_generation_prompt)
        text = None if frame is None else frame.around([turn.content for turn in turns])
        return self._run(turns, add_generation_prompt) if text is None or len(text) > MAX_RENDERED else text

    def _frame(self, turns: Sequence[Message], add_generation_prompt: bool) -> Frame:
        """What the template writes around the contents of any conversation with these roles."""
        marks = [f"{SENTINEL}-{place}-" for place in range(len(turns))]
        marked = [turn.model_copy(update={"content": mark}) for turn, mark in zip(turns, marks, strict=True)]
        return Frame.cut(self._run(marked, add_generation_prompt), SENTINEL)

    def _run(self, messages: Iterable[Message], add_generation_prompt: bool) -> str:
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        self._sandbox.pace.begin()
        try:
            return bounded_join(
                self._template.generate(
                    messages=turns, tools=None, documents=None, add_generation_prompt=add_generation_prompt, **self._special_tokens
                )
            )
        except _WHAT_TEMPLATES_RAISE as error:
            if isinstance(error, TakesTooLong):
                self._count_slow_row()
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise BadRow(f"The model's chat template refuses this row: {reason}.", "Write the turns as this model expects them.") from error

    def shows(self, role: Role) -> bool:
        """Whether messages of this role reach the model; some templates drop or refuse system or tool messages.

        Raises CannotStart when the template takes too long even for three words.
        """
        try:
            return SENTINEL in self.render(_probe(role))
        except BadRow as refused:
            if isinstance(refused.__cause__, TakesTooLong):
                raise _too_slow() from refused
            return False

    def _count_slow_row(self) -> None:
        self._slow_rows += 1
        if self._slow_rows >= MOST_SLOW_ROWS:
            raise _too_slow()


def _too_slow() -> CannotStart:
    return _unusable(f"works longer than {MAX_SECONDS:g} s on one conversation")


def _probe(role: Role) -> Sequence[Message]:
    sentinel = Message(role=role, content=SENTINEL)
    question, answer = Message(role="user", content="a"), Message(role="assistant", content="b")
    return [sentinel, question, answer] if role == "system" else [question, answer, sentinel, answer]


def _unusable(why: str) -> CannotStart:
    return CannotStart("model.path", f"The model's chat template {why}.", "Choose another model, or mend its chat template.")
