"""How much a chat template may do: seconds of one rendering, and the size of everything that it makes.

Templates are foreign code that runs in this very process, also where no signal or child could stop it. So what repeats
(loops, calls, filters, operators) looks at the clock, and what grows is asked for its size before it is made.
"""

import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import jinja2.exceptions

MAX_RENDERED = 1_000_000
"""Characters; a longer text is no conversation."""
MAX_SECONDS = 1.0
"""Of this thread's own work, so that a busy machine refuses no row; a row takes less than a thousandth of it."""
MAX_WORK = 1_000_000_000
"""Comparisons that one text method may need at worst; about half a second."""
_MAX_INTEGER_BITS = 256
_MAX_ARGUMENT = 100_000
"""The largest whole number as an argument: of a width, a precision, a count."""
_LONG_WIDTH = re.compile(r"\d{3}|\*|\{[^{}]*[:!][^{}]*\{")
"""In a format: a width of hundreds, or one that an argument states."""


class TakesTooLong(jinja2.exceptions.TemplateRuntimeError):
    """The template used up its seconds."""


class Pace(threading.local):
    """The clock of one thread's rendering. The thread's own time is costly to ask for, so the wall's is looked at first."""

    def __init__(self) -> None:
        self._end = self._look_again = float("inf")

    def begin(self) -> None:
        """A rendering begins."""
        self._end = time.thread_time() + MAX_SECONDS
        self._look_again = time.monotonic() + MAX_SECONDS

    def check(self) -> None:
        """Raises TakesTooLong when the rendering should have ended."""
        now = time.monotonic()
        if now > self._look_again:
            left = self._end - time.thread_time()
            if left <= 0:
                raise TakesTooLong(f"it works longer than {MAX_SECONDS:g} s")
            self._look_again = now + left


def too_big() -> jinja2.exceptions.TemplateRuntimeError:
    """The refusal of a value that would be too large."""
    return jinja2.exceptions.TemplateRuntimeError(f"it makes a value of more than {MAX_RENDERED} characters")


def size_of(value: Any) -> int:
    """How long the value would be as text, roughly: every part counts as often as it is met. Raises where that is too long."""
    if isinstance(value, str):
        grows_to(len(value))
        return len(value) + 1
    size = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        size += 1 + _own_size(part)
        grows_to(size)
        if isinstance(part, list | tuple):
            waiting += part
        elif isinstance(part, Mapping):
            waiting += (*part, *part.values())
    return size


def _own_size(value: Any) -> int:
    if isinstance(value, str | list | tuple | Mapping | range):
        return len(value)
    if isinstance(value, int) and value.bit_length() > _MAX_INTEGER_BITS:
        raise too_big()
    return 0


def check_numbers(arguments: tuple[Any, ...]) -> None:
    """Raises when a width, a precision or a count is beyond everything that a conversation needs."""
    if any(isinstance(each, int) and abs(each) > _MAX_ARGUMENT for each in arguments):
        raise too_big()


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Raises when the operation would make too large a value or take too long."""
    if operator == "*":
        for times, repeated in ((left, right), (right, left)):
            if isinstance(times, int) and isinstance(repeated, str | list | tuple) and times * size_of(repeated) > MAX_RENDERED:
                raise too_big()
    elif operator == "%" and isinstance(left, str):
        check_format(left, right)
    elif operator == "**" and isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _MAX_INTEGER_BITS:
        raise too_big()


def check_format(template: str, arguments: Any) -> None:
    """Raises when filling the template in could be too long; widths above 99 are refused."""
    fields = template.count("%") + template.count("{")
    if _LONG_WIDTH.search(template) or len(template) + fields * (100 + size_of(arguments)) > 2 * MAX_RENDERED:
        raise too_big()


def check_text_method(text: str, name: str, arguments: tuple[Any, ...]) -> None:
    """Raises when this method of a text would make too long a text or take too long."""
    check_numbers(arguments)
    size = size_of(arguments)
    if name == "replace":
        check_replace(text, arguments)
    elif name == "expandtabs":
        grows_to(len(text) + text.count("\t") * next((each for each in arguments if isinstance(each, int)), 8))
    elif name == "join":
        check_join(text, arguments[0] if arguments else ())
    elif len(text) * size > MAX_WORK:
        raise TakesTooLong("it searches too long in a long text")


def check_replace(text: str, arguments: tuple[Any, ...]) -> None:
    """Raises when replacing the first argument by the second makes the text too long."""
    old, new = (str(each) for each in (*arguments, "", "")[:2])
    grows_to(len(text) + (text.count(old) if len(new) > len(old) else 0) * len(new))


def check_join(separator: str, parts: Any) -> None:
    """Raises when the joined text is too long; the parts' own size is known."""
    if isinstance(parts, list | tuple | Mapping | str):
        grows_to(size_of(parts) + len(separator) * len(parts))


def grows_to(size: int) -> None:
    """Raises when a text of this size is too long."""
    if size > MAX_RENDERED:
        raise too_big()
