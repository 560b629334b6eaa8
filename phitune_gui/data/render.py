"""Writes a conversation as the model's chat template says, in the same sandbox and by the same rules as transformers."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import jinja2
import jinja2.exceptions
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.runtime
import jinja2.sandbox
import jinja2.utils

from phitune_gui.catalog.formats.dataset_format import BadRow
from phitune_gui.core.messages import Message, Role
from phitune_gui.core.problem import CannotStart

MAX_TEMPLATE_BYTES = 100_000
MAX_RENDERED = 1_000_000
"""Characters; a longer text is no conversation. How long a template may take is up to whoever runs this process."""
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
            self._template = _environment().from_string(source)
        except (jinja2.TemplateSyntaxError, RecursionError, ValueError, SyntaxError, ArithmeticError, MemoryError) as error:
            raise _unusable(f"cannot be parsed ({error})") from error
        self._special_tokens = dict(special_tokens)

    def render(self, messages: Iterable[Message], add_generation_prompt: bool = False) -> str:
        """The conversation's text. Raises BadRow when the template refuses it or writes more than MAX_RENDERED characters."""
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        try:
            return _joined(
                self._template.generate(
                    messages=turns, tools=None, documents=None, add_generation_prompt=add_generation_prompt, **self._special_tokens
                )
            )
        except BadRow:
            raise
        except _WHAT_TEMPLATES_RAISE as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise BadRow(f"The model's chat template refuses this row: {reason}.", "Write the turns as this model expects them.") from error

    def shows(self, role: Role) -> bool:
        """Whether messages of this role reach the model; some templates drop or refuse system or tool messages."""
        try:
            return SENTINEL in self.render(_probe(role))
        except BadRow:
            return False


def _probe(role: Role) -> Sequence[Message]:
    sentinel = Message(role=role, content=SENTINEL)
    question, answer = Message(role="user", content="a"), Message(role="assistant", content="b")
    return [sentinel, question, answer] if role == "system" else [question, answer, sentinel, answer]


def _joined(chunks: Iterable[str]) -> str:
    """Joins while it counts, so that a template that writes without end is stopped early."""
    parts: list[str] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_RENDERED:
            raise BadRow(
                f"The model's chat template writes more than {MAX_RENDERED} characters for this row.", "Split the row into shorter ones."
            )
    return "".join(parts)


def _unusable(why: str) -> CannotStart:
    return CannotStart("model.path", f"The model's chat template {why}.", "Choose another model, or mend its chat template.")


class _Generation(jinja2.ext.Extension):
    """Lets `{% generation %}` parse, which marks answers; their text is written as it is."""

    tags = {"generation"}

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_written"), [], [], body).set_lineno(line)

    def _written(self, caller: Callable[[], str]) -> str:
        return caller()


class _Dict:
    """`dict(...)` for templates, without the class itself, which would lead out of the sandbox."""

    def __call__(self, *args: Any, **values: Any) -> dict[Any, Any]:
        return dict(*args, **values)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """As dict's own."""
        return dict.fromkeys(*args)


class _Namespace(jinja2.utils.Namespace):
    """jinja2's namespace without names that begin with an underscore: they would reach the interpreter's own."""

    def __init__(*args: Any, **names: Any) -> None:
        self, *rest = args
        attributes = dict(*rest, **names)
        for name in attributes:
            _refuse_underscore(name)
        jinja2.utils.Namespace.__init__(self, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        _refuse_underscore(name)
        super().__setitem__(name, value)


def _refuse_underscore(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"the name {name!r} begins with an underscore")


def _environment() -> jinja2.sandbox.ImmutableSandboxedEnvironment:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals.update(raise_exception=_raise_exception, strftime_now=_strftime_now, dict=_Dict(), namespace=_Namespace)
    return environment


def _to_json(value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
    """jinja2's own filter escapes HTML, which would show in the conversation."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: object) -> None:
    raise jinja2.TemplateError(str(message))


def _strftime_now(format: str) -> str:
    return datetime.now().strftime(format)
