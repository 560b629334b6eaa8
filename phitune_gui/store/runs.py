"""One folder per run: made once, appended to by its worker, read back by the same pure function that the live window uses."""

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from phitune_gui.core import names
from phitune_gui.core.events import Event, event_from_line
from phitune_gui.core.listing import listed
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.run import Run, apply_all
from phitune_gui.files.atomic import write_text
from phitune_gui.files.lines import LineTail
from phitune_gui.store.paths import expanded, require_writable, runs_folder
from phitune_gui.store.recipes import load_recipe, recipe_to_yaml
from phitune_gui.store.run_index import known_folders, register_run

_END_OF_TIME = 1e11
_LARGEST = 2**63
_MOST_NAMED = 5
LAST = "last"
"""What people call the newest run."""


@dataclass(frozen=True)
class RunRecord:
    """A run folder and what is in it; `made_at` in seconds since 1970."""

    path: Path
    run: Run
    recipe: Recipe
    made_at: float

    @property
    def name(self) -> str:
        """The folder's name, which `RUN` on the command line accepts."""
        return self.path.name


def create_run_folder(recipe: Recipe, plan: Plan, model_name: str, parent: Path | None = None) -> Path:
    """A new run folder with the frozen recipe and plan in it; nothing is left behind when it cannot be made. Raises CannotStart."""
    parent = (parent or runs_folder()).absolute()
    require_writable(parent)
    folder = parent
    try:
        folder = _new_folder(parent, recipe, model_name)
        fill_run_folder(folder, recipe, plan)
        register_run(folder, time.time())
    except BaseException as error:
        if folder != parent:
            shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        raise CannotStart(
            str(folder), f"The run folder {folder} cannot be made: {(error.strerror or 'the system refused').lower()}.",
            "Choose another folder for runs.",
        ) from error  # fmt: skip
    return folder


def fill_run_folder(folder: Path, recipe: Recipe, plan: Plan) -> None:
    """Write what every run folder begins with. Raises OSError."""
    write_text(folder / names.RECIPE_FILE, recipe_to_yaml(recipe))
    write_text(folder / names.PLAN_FILE, plan.model_dump_json(indent=1) + "\n")
    for inner in (names.CHECKPOINTS_FOLDER, names.EXPORTS_FOLDER):
        (folder / inner).mkdir()
    for file in (names.EVENTS_FILE, names.CONTROL_FILE, names.LOG_FILE):
        (folder / file).touch(mode=0o600)


def read_events(folder: Path) -> list[Event]:
    """Every event of a job's folder; lines that are none (a newer PhiTune, a damaged disk) are left out."""
    return decode_lines(LineTail(folder / names.EVENTS_FILE).read())


def decode_lines(lines: list[bytes]) -> list[Event]:
    """The events of complete lines, without those that are none."""
    events: list[Event] = []
    for line in lines:
        try:
            event = event_from_line(line)
        except ValidationError:
            continue
        if _is_of_this_world(event):
            events.append(event)
    return events


def _is_of_this_world(event: Event) -> bool:
    """Whether the event's time and integers are ones that clocks and counters show; others overflow wherever they are computed with."""
    integers = (value for value in vars(event).values() if isinstance(value, int))
    return 0 <= event.at < _END_OF_TIME and all(abs(value) < _LARGEST for value in integers)


def open_run(folder: Path) -> RunRecord:
    """What a run folder holds. Raises CannotStart when it is no run folder or its recipe cannot be read."""
    if not (folder / names.RECIPE_FILE).is_file():
        raise CannotStart(
            str(folder), f"{folder} is not a run folder: it has no {names.RECIPE_FILE}.", "phitune runs lists the runs of this machine."
        )
    recipe = load_recipe(folder / names.RECIPE_FILE)
    run = apply_all(Run(), read_events(folder))
    return RunRecord(folder.absolute(), run, recipe, run.began_at or (folder / names.RECIPE_FILE).stat().st_mtime)


def list_runs() -> list[RunRecord]:
    """Every readable run of this machine, newest first."""
    records = []
    for folder in known_folders():
        try:
            records.append(open_run(folder))
        except (CannotStart, OSError):
            continue
    return records


def find_run(run: str, exactly: bool = False) -> Path:
    """The folder of a run given by path, by the folder's name, or by the run's own name. Raises CannotStart.

    `last` is the newest run; unless it must be named `exactly`, the beginning of a name will do where only one begins so.
    """
    as_path = expanded(run)
    if (as_path / names.RECIPE_FILE).is_file():
        return as_path.absolute()
    folders = known_folders() if run else []
    for folder in folders:
        if folder.name == run:
            return folder
    called = {folder: _given_name(folder) for folder in folders}
    if named := [folder for folder, name in called.items() if name == run]:
        return _the_only(named, run, f"runs are named {run}")
    if run == LAST and folders:
        return folders[0]
    begun = [folder for folder, name in called.items() if name.startswith(run) or folder.name.startswith(run)]
    if begun and not exactly:
        return _the_only(begun, run, f"runs' names begin with {run}")
    near = f" {listed([folder.name for folder in begun], _MOST_NAMED)} begins so; this wants the whole name." if begun else ""
    raise CannotStart(run, f"There is no run named {run}.{near}", "phitune runs lists the runs of this machine.")


def _the_only(found: list[Path], run: str, they_are: str) -> Path:
    if len(found) > 1:
        what = f"{len(found)} {they_are}, newest first: {listed([folder.name for folder in found], _MOST_NAMED)}."
        raise CannotStart(run, what, "Give the name of one of these folders.")
    return found[0]


def _given_name(folder: Path) -> str:
    """The name in a run's recipe; empty when it has none, or its recipe cannot be read."""
    try:
        return load_recipe(folder / names.RECIPE_FILE).name
    except CannotStart:
        return ""


def free_run_folder(parent: Path | None, words: str) -> Path:
    """Where a run of these words would lie; nothing is made, and whoever makes it looks again."""
    parent = (parent or runs_folder()).absolute()
    base = _dated(words)
    names_tried = (base, *(f"{base}-{number}" for number in range(2, 10_000)))
    return next(parent / name for name in names_tried if not (parent / name).exists())


def _dated(words: str) -> str:
    slug = re.sub(r"[^\w.]+", "-", words, flags=re.UNICODE).strip("-.").lower()[:60] or "run"
    return f"{time.strftime('%Y-%m-%d-%H%M%S')}-{slug}"


def _new_folder(parent: Path, recipe: Recipe, model_name: str) -> Path:
    """A folder that nobody else has made, also when two runs begin in the same second. Raises OSError."""
    base = _dated(recipe.name or f"{model_name}-{recipe.technique.id}")
    candidate, number = parent / base, 2
    while True:
        try:
            candidate.mkdir(mode=0o700)
            return candidate
        except FileExistsError:
            candidate, number = parent / f"{base}-{number}", number + 1
