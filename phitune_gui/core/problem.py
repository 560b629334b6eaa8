"""What is wrong before anything starts, said as what happened, where, and what to do."""

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
