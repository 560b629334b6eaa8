"""The commands that move a run: train it and stop it."""

import secrets
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

from phitune_gui.cli.follow import Interrupted, follow
from phitune_gui.cli.interrupts import counted_interrupts
from phitune_gui.cli.output import JobEndedBadly, say, table, write_json
from phitune_gui.cli.recipes import chosen_recipe
from phitune_gui.cli.run_words import ending, figure_rows, figures, say_advice
from phitune_gui.cli.study import study
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.names import EVENTS_FILE, EXIT_INTERRUPTED, RECIPE_FILE
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.run import NOT_BEGUN, Run
from phitune_gui.jobs.control import send
from phitune_gui.jobs.launch import start_training
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.jobs.worker_file import worker_lives
from phitune_gui.store.paths import runs_folder
from phitune_gui.store.recipes import load_recipe
from phitune_gui.store.runs import find_run

STOP_PATIENCE_SECONDS = 600.0
KILL_PATIENCE_SECONDS = 5.0
"""A worker that is too stuck to end itself at once is ended from outside after this time."""


def train_recipe(path: Path, given: tuple[list[str], list[Path]], runs: Path | None, detach: bool, as_json: bool) -> int:
    """Plan the recipe with the given settings and data, refuse what cannot work, train it and say how it ended."""
    recipe = chosen_recipe(path, *given)
    if not recipe.data.sources:
        command = f"phitune train {shlex.quote(str(path))} --data FILE"
        raise CannotStart("data.sources", f"The recipe {path.name} names no dataset to learn from.", f"Name it: {command}")
    start = prepared(recipe, runs, quiet=as_json)
    if detach:
        supervisor = start()
        if as_json:
            write_json({"run": str(supervisor.folder), "state": "starting"})
        else:
            say(f"Training goes on in {supervisor.folder}; phitune show and phitune stop follow it.")
        return 0
    with counted_interrupts():
        supervisor = start()
        try:
            run = follow(supervisor, quiet=as_json)
        except Interrupted as interruption:
            return after_interruption(supervisor, interruption.run, as_json)
    tell(supervisor.folder, run, as_json)
    return 0


def prepared(recipe: Recipe, parent: Path | None, quiet: bool) -> Callable[[], Supervisor]:
    """What starts a run of the recipe. Raises CannotStart on the first problem that blocks it."""
    result = study(recipe, parent or runs_folder())
    refuse_blocked(result.plan, result.model)
    if not quiet:
        for problem in result.plan.problems:
            say(f"{problem.what} {problem.how_to_fix}", "yellow")
    assert result.model is not None
    return partial(start_training, result.recipe, result.plan, result.model, parent)


def refuse_blocked(plan: Plan, model: BaseModel | None) -> None:
    """CannotStart with every blocking problem of the plan, the first as its heading."""
    blocking = [problem for problem in plan.problems if problem.severity == "problem"]
    if blocking:
        others = "".join(f" Also: {problem.what} {problem.how_to_fix}" for problem in blocking[1:])
        raise CannotStart(blocking[0].where, blocking[0].what, blocking[0].how_to_fix + others)
    if model is None:
        raise CannotStart("model.path", "No model is chosen.", "Set model.path to a model folder.")


def stop_run(name: str, now: bool, as_json: bool) -> int:
    """Ask a live run to save and stop, or kill it, and wait until it has."""
    folder = find_run(name, exactly=True)
    if not worker_lives(folder):
        if not (folder / EVENTS_FILE).exists():
            raise CannotStart(str(folder), f"The run {folder.name} {NOT_BEGUN}", "Train its recipe as a new run.")
        raise CannotStart(str(folder), f"The run {folder.name} is not running.", "phitune show tells how it ended.")
    supervisor = Supervisor(folder)
    supervisor.read()
    if now:
        _end_at_once(supervisor)
    else:
        _ask_to_stop(folder)
    if not supervisor.wait_for_end(STOP_PATIENCE_SECONDS):
        raise CannotStart(str(folder), f"The run {folder.name} has not stopped yet.", "Stop it at once with --now.")
    run = supervisor.run
    if as_json:
        write_json({"run": str(folder), "state": run.state, "from_step": run.step})
    else:
        say(ending(run))
    return 0


def _ask_to_stop(folder: Path) -> None:
    try:
        send(folder, "stop", secrets.token_hex(8))
    except OSError as error:
        why = (error.strerror or "the system refused").lower()
        what = f"The run {folder.name} could not be asked to stop: {why}."
        raise CannotStart(str(folder), what, "Free some space, or stop it at once with --now.") from error


def _end_at_once(supervisor: Supervisor) -> None:
    """Let the worker end itself, or end it from outside where it does not, or where the disk has no room to ask it."""
    patience = KILL_PATIENCE_SECONDS
    try:
        send(supervisor.folder, "kill", secrets.token_hex(8))
    except OSError:
        patience = 0.0
    if not supervisor.wait_for_end(patience):
        supervisor.kill()


def after_interruption(supervisor: Supervisor, run: Run, as_json: bool) -> int:
    """What is said and returned after Ctrl-C."""
    if run.failure and run.failure.kind != "killed":
        raise JobEndedBadly(str(supervisor.folder), run.failure)
    tell(supervisor.folder, run, as_json)
    return EXIT_INTERRUPTED


def tell(folder: Path, run: Run, as_json: bool) -> None:
    """The figures of an ended run."""
    if as_json:
        write_json(figures(folder, run))
        return
    say(ending(run), "bold")
    table("", ["", ""], [["run", str(folder)], *figure_rows(run, load_recipe(folder / RECIPE_FILE))])
    say_advice(run)
