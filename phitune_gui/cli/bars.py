"""A bar on the terminal for work that says how far it is; nothing where no person looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from phitune_gui.cli.output import WORDS


def new_bar(total: float | None = None, words: str = "") -> Progress:
    """A bar of one task that vanishes when it ends."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeRemainingColumn())
    progress = Progress(*columns, console=WORDS, transient=True)
    progress.add_task(words, total=total)
    return progress


@contextmanager
def share_bar(words: str, quiet: bool) -> Iterator[Callable[[float, int], None] | None]:
    """What to call with the part that is done and the rows so far."""
    if quiet or not WORDS.is_terminal:
        yield None
        return
    with new_bar(1.0, words) as bar:
        yield lambda share, rows: bar.update(bar.task_ids[0], completed=share, description=f"{words}, {rows:,} rows")
