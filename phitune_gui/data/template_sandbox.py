"""Where chat templates run: jinja2's immutable sandbox as transformers sets it up, with a clock and limits for everything made."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import jinja2
import jinja2.exceptions
import jinja2.ext
import jinja2.filters
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox
import jinja2.utils
import jinja2.visitor

from phitune_gui.data import template_limits as limits

_FILTERS = (
    "abs", "attr", "batch", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "forceescape",
    "groupby", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "round",
    "safe", "select", "selectattr", "slice", "sort", "string", "sum", "title", "trim", "truncate", "unique", "upper", "wordcount",
)  # fmt: skip
"""jinja2's own filters that do not make more than they are given; the others are made here, or are of no use for conversations."""
_ONLY_LOOK = frozenset(("len", "do_first", "sync_do_first", "do_last"))
"""Filters that take no longer for a long value; templates ask `messages|length` in every turn."""
_TEXT_METHODS = frozenset((
    "capitalize", "casefold", "count", "endswith", "expandtabs", "find", "format", "index", "isalnum", "isalpha", "isascii", "isdecimal",
    "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip",
    "center", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split",
    "splitlines", "startswith", "strip", "swapcase", "title", "upper", "zfill",
))  # fmt: skip


class TemplateSandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Every loop, call, filter, test, operator and output looks at the clock and at the size of what it made."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "**", "%"))

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols], optimized=False, finalize=_finalize
        )
        self.pace = limits.Pace()
        self.concat = self._concat  # type: ignore[method-assign]
        own: dict[str, Callable[..., Any]] = {"tojson": self._to_json, "indent": _indent, "replace": _replace, "format": _format}
        known = {**{name: self.filters[name] for name in _FILTERS}, **own}
        self.filters = {name: self._watched(function) for name, function in known.items()}
        tests: dict[str, Any] = dict(self.tests)
        self.tests = {name: self._watched(test) for name, test in tests.items()}
        self.globals.pop("lipsum", None)
        self.globals.update(raise_exception=_raise_exception, strftime_now=_strftime_now, dict=_Dict(), namespace=_Namespace)

    def bounded(self, value: Any) -> Any:
        """The value, when it is not too large and there is time left."""
        self.pace.check()
        if value.__class__ not in (bool, float, type(None)):
            limits.size_of(value)
        return value

    def paced(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items of a loop, as long as there is time."""
        for item in items:
            self.pace.check()
            yield item

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """The operator's result, within limits."""
        limits.check_operator(operator, left, right)
        return self.bounded(super().call_binop(context, operator, left, right))

    def call(__self, __context: jinja2.runtime.Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """The call's result, within limits."""
        text = getattr(__obj, "__self__", None)
        if text is __self:
            return __obj(*args)  # put there by _Limiter
        __self.pace.check()
        if isinstance(text, str) and __obj.__name__ == "join" and args:
            args = (list(__self.paced(args[0])), *args[1:])
        if isinstance(text, str):
            limits.check_text_method(text, __obj.__name__, (*args, *kwargs.values()))
        return __self.bounded(super().call(__context, __obj, *args, **kwargs))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Numbers and bytes have methods that make gigabytes, and no conversation needs them."""
        if isinstance(obj, str):
            return attr in _TEXT_METHODS
        return not isinstance(obj, int | float | bytes) and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """jinja2's safe format, asked for its size before."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def fill_in(*args: Any, **kwargs: Any) -> str:
            limits.check_format(value.__self__, (args, kwargs))
            return wrapped(*args, **kwargs)

        return fill_in

    def _watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The filter or test with limits; jinja2 reads from it what to hand over before the value."""
        before = 1 if hasattr(function, "jinja_pass_arg") else 0
        name = getattr(function, "__name__", "")

        def watched(*args: Any, **kwargs: Any) -> Any:
            self.pace.check()
            given = (*args[before:], *kwargs.values())
            limits.check_numbers(given[1:])
            if name in ("do_join", "sync_do_join") and given:
                args = (*args[:before], list(self.paced(given[0])), *args[before + 1 :])
                limits.check_join(str(given[1]) if len(given) > 1 else "", args[before])
            elif name in ("do_sum", "sync_do_sum") and not all(isinstance(each, str | int | float) for each in given[1:]):
                raise jinja2.exceptions.SecurityError("sum adds numbers only")
            elif name == "do_trim" and limits.size_of(given) > 1 and len(str(given[0])) * len(str(given[1:])) > limits.MAX_WORK:
                raise limits.TakesTooLong("it trims too long a text")
            if name not in _ONLY_LOOK:
                limits.size_of(given)
            return self.bounded(function(*args, **kwargs))

        if before:
            watched.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]
        return watched

    def _concat(self, parts: Iterable[str]) -> str:
        return bounded_join(self.paced(parts))

    def _to_json(
        self, value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
    ) -> str:  # fmt: skip
        """jinja2's own filter escapes HTML, which would show in the conversation."""
        encoder = json.JSONEncoder(ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
        return self._concat(encoder.iterencode(value))

    def syntax(self, source: str) -> jinja2.nodes.Template:
        """The template as it was written, without what is put into it to limit it."""
        return super()._parse(source, None, None)

    def _parse(self, source: str, name: str | None, filename: str | None) -> jinja2.nodes.Template:
        template = super()._parse(source, name, filename)
        _Limiter().visit(template)
        return template


_MAKING = (jinja2.nodes.Concat, jinja2.nodes.Compare, jinja2.nodes.List, jinja2.nodes.Dict)


class _Limiter(jinja2.visitor.NodeTransformer):
    """Puts `paced` around what loops go through, and `bounded` around what makes or compares values without a call."""

    def generic_visit(self, node: jinja2.nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Children first."""
        node = super().generic_visit(node, *args, **kwargs)
        if isinstance(node, jinja2.nodes.For):
            node.iter = _within("paced", node.iter)
        elif isinstance(node, _MAKING) or _makes_value(node):
            return _within("bounded", node)
        return node


def _makes_value(node: jinja2.nodes.Node) -> bool:
    is_part = isinstance(node, jinja2.nodes.Getitem) and isinstance(node.arg, jinja2.nodes.Slice)
    return is_part or (isinstance(node, jinja2.nodes.Tuple) and node.ctx == "load")


def _within(method: str, node: Any) -> Any:
    call = jinja2.nodes.Call(jinja2.nodes.EnvironmentAttribute(method), [node], [], None, None)
    return call.set_lineno(node.lineno)


def bounded_join(parts: Iterable[str]) -> str:
    """Joins while it counts, so that what writes without end is stopped early."""
    kept: list[str] = []
    size = 0
    for part in parts:
        kept.append(part)
        size += len(part)
        limits.grows_to(size)
    return "".join(kept)


@jinja2.pass_context
def _finalize(context: jinja2.runtime.Context, value: Any) -> Any:
    environment = context.environment
    assert isinstance(environment, TemplateSandbox)
    return environment.bounded(value)


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    step = len(width) if isinstance(width, str) else width
    limits.grows_to(len(text) + (text.count("\n") + 1) * step)
    return jinja2.filters.do_indent(text, width, first, blank)


@jinja2.pass_eval_context
def _replace(context: jinja2.nodes.EvalContext, text: str, old: str, new: str, count: int | None = None) -> str:
    limits.check_replace(str(text), (old, new))
    return jinja2.filters.do_replace(context, text, old, new, count)


def _format(text: str, *args: Any, **kwargs: Any) -> str:
    limits.check_format(str(text), (args, kwargs))
    return jinja2.filters.do_format(text, *args, **kwargs)


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

    def __repr__(self) -> str:
        return "<Namespace>"  # spelling out what it holds could go round in circles, or grow without end


def _refuse_underscore(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"the name {name!r} begins with an underscore")


def _raise_exception(message: object) -> None:
    raise jinja2.TemplateError(str(message))


def _strftime_now(format: str) -> str:
    limits.grows_to(len(format) * 1000)
    return datetime.now().strftime(format)
