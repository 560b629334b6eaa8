"""How the command line speaks: words and progress on stderr, the result on stdout, one JSON object when asked."""

import json
import math
import sys
import unicodedata
from typing import Any

from pydantic import BaseModel as Pydantic
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from phitune_gui.core.events import JobFailed
from phitune_gui.core.problem import Problem

WORDS = Console(stderr=True, highlight=False, soft_wrap=True)
WIDE = 200
"""Columns of a table that no terminal shows; paths stay in one piece there."""
_LEAST_ROOM = 24
_JOINERS = "\u200c\u200d"
"""Formatting signs that words are written with, as in Tamil and Hindi."""
RESULT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)


class JobEndedBadly(Exception):
    """A job ended with JobFailed; exit code 1."""

    def __init__(self, where: str, failure: JobFailed) -> None:
        super().__init__(failure.message)
        self.where = where
        self.failure = failure


def shown(text: str) -> str:
    """What a terminal may get of a stranger's words: controls, which move its cursor, and marks that turn writing around, spelled out."""
    return escape("".join(_spelled(sign) for sign in text))


def _spelled(sign: str) -> str:
    if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cf") or sign in _JOINERS:
        return sign
    return f"\\u{ord(sign):04x}"


def say(text: str, style: str = "") -> None:
    """One line of words for the person, on stderr."""
    WORDS.print(shown(text), style=style)


def say_unless(quiet: bool, text: str, style: str = "") -> None:
    """Like `say`, for what scripts do not want to read."""
    if not quiet:
        say(text, style)


def tell(text: str) -> None:
    """One line of the result, on stdout."""
    RESULT.print(shown(text))


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table as the result, on stdout."""
    grid = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        grid.add_column(column)
    for row in rows:
        grid.add_row(*(shown(cell) for cell in row))
    RESULT.print(grid)


def listing(columns: list[str], rows: list[list[str]]) -> None:
    """A table of one line a row on any screen: the last column holds sentences, of which it shows the first, as far as there is room."""
    taken = sum(2 + max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns) - 1))
    room = max(_LEAST_ROOM, RESULT.width - taken)
    table("", columns, [[*row[:-1], _cut(row[-1].partition(". ")[0].removesuffix("."), room)] for row in rows])


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"


def write_json(result: Pydantic | dict[str, Any]) -> None:
    """The whole result as one line of JSON on stdout; not-finite numbers become null."""
    document = result.model_dump(mode="json") if isinstance(result, Pydantic) else result
    sys.stdout.write(json.dumps(_finite(document), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def write_error(problem: Problem, as_json: bool) -> None:
    """A failure: what happened, where, what to do."""
    how_to_fix = f"{problem.how_to_fix} {problem.on_command_line}".strip()
    if as_json:
        write_json({"error": {"what": problem.what, "where": problem.where, "how_to_fix": how_to_fix}})
    else:
        say(problem.what, "bold red")
        say(f"{how_to_fix} ({problem.where})")


def size(count: float) -> str:
    """Bytes for people: 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """Seconds for people: 4 min 10 s."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _finite(value: Any) -> Any:
    if isinstance(value, Pydantic):
        return _finite(value.model_dump(mode="json"))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value
