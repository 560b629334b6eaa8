"""The ways to start a run, each planned for one recipe: whether it works here and why not, and what it buys."""

from phitune_gui.catalog.launchers import LAUNCHERS, Launcher
from phitune_gui.core.recipe import LauncherSection, Recipe
from phitune_gui.core.value import Value
from phitune_gui.planning.fitted import Fitted, Ground, fitted
from phitune_gui.planning.words import in_words, time_in_words

_FEWEST = 2
"""Processes to begin with where nothing here says more."""


class LauncherRow(Value):
    """One launcher. `reason` is why it does not work here, or empty; `buys` says what it makes of this run. Bytes are the plan's as
    written, 0 while no model is known; on a CPU all processes share them.
    """

    id: str
    label: str
    summary: str
    when: str
    works_here: bool
    reason: str
    buys: str
    processes: int
    memory_bytes: int
    bytes_per_process: int
    only_changed: bool
    """Whether it fits here after the changes of *Make it fit* only."""
    can_be_chosen: bool
    """False where no saving would help: with this technique, or on this machine, it does not work at all."""


def launcher_matrix(recipe: Recipe, ground: Ground) -> tuple[LauncherRow, ...]:
    """Every launcher that PhiTune offers, in the catalog's order, for this recipe."""
    return tuple(_row(offered, recipe, ground) for offered in LAUNCHERS)


def with_launcher(recipe: Recipe, id: str, devices: int = 0) -> Recipe:
    """The recipe started so: a sensible number of processes, and nothing left that this launcher does not heed.

    `devices` is the number of graphics processors; a number of processes that several may have is kept.
    """
    chosen = next(known for known in LAUNCHERS if known.id == id)
    now, default = recipe.launcher, LauncherSection()
    processes = now.processes if now.processes > 1 else max(devices, _FEWEST)
    document = now.model_dump() | {"id": id, "processes": processes if chosen.several else 1}
    heeded = {"id", "processes", *heeded_fields(chosen)}
    kept = {name: value for name, value in document.items() if name in heeded}
    return recipe.model_copy(update={"launcher": default.model_copy(update=kept)})


def heeded_fields(chosen: Launcher) -> tuple[str, ...]:
    """The fields of the recipe's launcher section, other than its id, that this launcher reads."""
    if not chosen.several:
        return ()
    unheeded = (
        {"id", "zero_stage"}
        | (set() if chosen.shares else {"offload", "deepspeed"})
        | (set() if chosen.machines else {"nodes", "rendezvous"})
    )
    return tuple(name for name in LauncherSection.model_fields if name not in unheeded)


def _row(offered: Launcher, recipe: Recipe, ground: Ground) -> LauncherRow:
    begun = with_launcher(recipe, offered.id, len(ground.hardware.gpus))
    made = fitted(begun, ground)
    processes, refused = begun.launcher.processes, _refusal(made)
    reason = refused or _shortage(made)
    return LauncherRow(
        id=offered.id, label=offered.label, summary=offered.summary, when=offered.when, works_here=not reason, reason=reason,
        buys="" if reason else _buys(begun, made), processes=processes, memory_bytes=made.written_bytes,
        bytes_per_process=made.written_bytes // processes, only_changed=not reason and bool(made.changes), can_be_chosen=not refused,
    )  # fmt: skip


def _refusal(made: Fitted) -> str:
    """What is wrong with this launcher itself; what is wrong with model, data or technique alone is another matter."""
    blocking = (problem for problem in made.plan.problems if problem.severity == "problem")
    return next((f"{problem.what} {problem.how_to_fix}" for problem in blocking if problem.where.startswith("launcher.")), "")


def _shortage(made: Fitted) -> str:
    if made.fits:
        return ""
    memory, even = made.plan.memory, " even with every saving" if made.changes else ""
    return f"{_holders(made.recipe)} {in_words(memory.total_bytes)} of memory{even}, and {in_words(memory.available_bytes)} are free."


def _buys(recipe: Recipe, made: Fitted) -> str:
    processes, memory = recipe.launcher.processes, made.plan.memory
    said = []
    if recipe.launcher.all_processes > 1:
        effective = made.plan.effective_batch_size
        said.append(f"Each step learns from {effective:,} rows instead of {effective // recipe.launcher.all_processes:,}.")
    if made.written_bytes:
        each = f", {in_words(made.written_bytes // processes)} each" if processes > 1 else ""
        fits = f"; Make it fit brings it down to {in_words(memory.total_bytes)}" if made.changes else ""
        free = in_words(memory.available_bytes)
        said.append(f"{_holders(recipe)} {in_words(made.written_bytes)} of memory{each}, and {free} are free{fits}.")
    if made.plan.time_seconds:
        said.append(f"About {time_in_words(made.plan.time_seconds)}{' then' if made.changes else ''}.")
    return " ".join(said)


def _holders(recipe: Recipe) -> str:
    processes = recipe.launcher.processes
    return f"{processes} processes need" if processes > 1 else "Needs"
