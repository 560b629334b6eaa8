"""Looks over the names of a file's columns before its rows are read."""

from collections import Counter
from collections.abc import Sequence

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers.data_row import MAX_COLUMNS


def check_columns(names: Sequence[str], where: str) -> None:
    """Raises CannotStart for columns that no dataset has: too many, or two of one name."""
    if len(names) > MAX_COLUMNS:
        what = f"There are {len(names):,} columns; PhiTune reads at most {MAX_COLUMNS:,}."
        raise CannotStart(where, what, "Keep the columns that hold the text, and check that rows and columns are not exchanged.")
    double = next((name for name, count in Counter(names).items() if count > 1), None)
    if double is not None:
        raise CannotStart(where, f"Two columns are called '{double[:60]}'.", "Rename one of them.")
