"""Writes a conversation as the model's chat template says, in the same sandbox and by the same rules as transformers."""

from collections.abc import Iterable, Mapping, Sequence

import jinja2
import jinja2.exceptions

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.messages import Message, Role
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.template_limits import MAX_RENDERED, MAX_SECONDS, TakesTooLong
from phitune_gui.data.template_sandbox import TemplateSandbox, bounded_join

__all__ = ["MAX_RENDERED", "MAX_TEMPLATE_BYTES", "SENTINEL", "ChatTemplate"]

MAX_TEMPLATE_BYTES = 100_000
MOST_SLOW_ROWS = 5
"""One strange row may be slow; a template that is slow again and again would take days for a dataset."""
SENTINEL = "phitune-sentinel"
_WHAT_TEMPLATES_RAISE = (
    jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError, MemoryError,
)  # fmt: skip
"""A template is foreign code: whatever it raises is its refusal of the row, not a fault of ours."""


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
        except (jinja2.TemplateSyntaxError, RecursionError, ValueError, SyntaxError, ArithmeticError, MemoryError) as error:
            raise _unusable(f"cannot be parsed ({error})") from error
        self._special_tokens = dict(special_tokens)
        self._slow_rows = 0

    def render(self, messages: Iterable[Message], add_generation_prompt: bool = False) -> str:
        """The conversation's text. Raises BadRow when the template refuses it, writes or works too long; CannotStart when it often does."""
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
