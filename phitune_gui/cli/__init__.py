"""The command line: the headless twin of the window, with the same recipes, plans, events and run folders."""

import sys
import traceback

from phitune_gui.cli.commands import app
from phitune_gui.cli.follow import Interrupted
from phitune_gui.cli.output import JobEndedBadly, write_error
from phitune_gui.core.names import EXIT_CANNOT_START, EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED
from phitune_gui.core.problem import CannotStart, Problem, refused_by_system

CALLED_OFF = Problem(
    where="Ctrl-C", what="It was called off by Ctrl-C: what was complete is kept, nothing half made was left.",
    how_to_fix="Start it again when you like.",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code; every failure is a sentence, trace-backs come only with --debug."""
    debug = "--debug" in arguments
    as_json = "--json" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        code = app(args=arguments, prog_name="phitune", standalone_mode=False)
    except KeyboardInterrupt:
        write_error(CALLED_OFF, as_json)
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last place where a failure can become a sentence
        if debug:
            traceback.print_exc()
        problem, code = _as_problem(error)
        write_error(problem, as_json)
        return code
    sys.stdout.flush()
    return code if isinstance(code, int) else EXIT_DONE


def _as_problem(error: Exception) -> tuple[Problem, int]:
    if isinstance(error, Interrupted):
        return CALLED_OFF, EXIT_INTERRUPTED
    if isinstance(error, CannotStart):
        return error.problem, EXIT_CANNOT_START
    if isinstance(error, JobEndedBadly):
        return Problem(where=error.where, what=error.failure.message, how_to_fix=error.failure.hint), EXIT_FAILED
    refused = refused_by_system(error) if isinstance(error, OSError) else None
    if refused is not None:
        return refused, EXIT_CANNOT_START
    if hasattr(error, "format_message"):
        usage = Problem(where="command line", what=error.format_message(), how_to_fix="phitune COMMAND --help explains every option.")
        return usage, EXIT_CANNOT_START
    what = f"PhiTune met an error that it did not expect ({type(error).__name__}: {error})."
    return Problem(where="PhiTune", what=what, how_to_fix="Run the command again with --debug for the details."), EXIT_FAILED
