"""What is wrong before anything starts, said as what happened, where, and what to do."""

import errno
from typing import Literal

from phitune_gui.core.value import Value

Severity = Literal["problem", "advice"]


class Problem(Value):
    """One finding before a run. A `problem` blocks Start, an `advice` does not.

    `where` is a recipe field (`data.sources`), a file, or `file:line`; all texts are whole sentences.
    """

    severity: Severity = "problem"
    where: str
    what: str
    how_to_fix: str
    columns: tuple[str, ...] = ()
    """The columns that were found, where nobody knows yet which of them plays which role."""
    on_command_line: str = ""
    """What to do is done so there; a window has a form for it."""


class CannotStart(Exception):
    """Raised where work must not begin; carries the Problem that the person is shown (exit code 2)."""

    def __init__(self, where: str, what: str, how_to_fix: str, columns: tuple[str, ...] = (), on_command_line: str = "") -> None:
        super().__init__(what)
        self.problem = Problem(where=where, what=what, how_to_fix=how_to_fix, columns=columns, on_command_line=on_command_line)

    @classmethod
    def because(cls, problem: Problem) -> "CannotStart":
        """The refusal that another process stated."""
        return cls(problem.where, problem.what, problem.how_to_fix, problem.columns, problem.on_command_line)


_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


def refused_by_system(error: OSError) -> Problem | None:
    """The problem of a full disk or of a place that may not be used; None for any other error."""
    file = str(error.filename) if error.filename else ""
    if error.errno in _FULL:
        what = f"The disk that holds {file} is full." if file else "A disk that PhiTune writes to is full."
        return Problem(where=file or "disk", what=what, how_to_fix="Free some space, or choose a folder on another disk.")
    if error.errno in _FORBIDDEN:
        why = (error.strerror or "the system refused").lower()
        what = f"PhiTune cannot use {file or 'one of its files'}: {why}."
        fix = "Choose another folder, or set PHITUNE_HOME to one that you may write to."
        return Problem(where=file or "disk", what=what, how_to_fix=fix)
    return None
