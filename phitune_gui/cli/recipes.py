"""The commands about recipes: write one, and say what it would do."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from phitune_gui.catalog.formats import unknown_format
from phitune_gui.catalog.launchers import LAUNCHERS, unknown_launcher
from phitune_gui.catalog.launchers.zero_keys import key_problems
from phitune_gui.catalog.launchers.zero_settings import zero_settings
from phitune_gui.catalog.presets import preset
from phitune_gui.catalog.techniques import technique
from phitune_gui.cli.data_files import with_data
from phitune_gui.cli.fit_words import fit_lines
from phitune_gui.cli.output import duration, say, size, table, tell, write_json
from phitune_gui.cli.study import Study, study
from phitune_gui.core.names import RECIPE_SUFFIX
from phitune_gui.core.plan import MemoryPlan, Plan
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe, TechniqueSection
from phitune_gui.files.regular import read_regular
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.jobs.questions import SAMPLE_ROWS
from phitune_gui.planning.apply_preset import Applied, apply_preset
from phitune_gui.planning.energy import bill
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.memory import PART_LABELS
from phitune_gui.planning.time import time_range
from phitune_gui.store.model_folder.other_contents import CONFIG, refuse_non_folder, refuse_without_config
from phitune_gui.store.paths import model_folder, require_writable, runs_folder
from phitune_gui.store.recipes import (
    foreign_options,
    load_recipe,
    recipe_to_yaml,
    save_recipe,
    with_absolute_paths,
    with_options,
    with_setting,
)


class Start(NamedTuple):
    """What a new recipe begins with, each winning over the one before."""

    preset: str | None
    technique: str | None
    settings: list[str]


class Target(NamedTuple):
    """Where a new recipe goes, and whether another recipe there is replaced."""

    out: Path
    force: bool


def new_recipe(model: Path, data: Path, start: Start, target: Target, as_json: bool) -> int:
    """Write the recipe that these options mean. Raises CannotStart, with nothing written, for what is not there or not known."""
    out = target.out
    _look_at_name(out)
    model = _folder_with_model(model)
    if not data.exists():
        raise CannotStart(str(data), f"There is no dataset {data}.", "Check the path.")
    recipe = with_setting(Recipe(), "model.path", str(model))
    recipe = with_data(recipe, [data])
    why = ""
    if start.preset is not None:
        recipe, why, _fits = _after_preset(recipe, start.preset)
    if start.technique is not None:
        why = f"{why} Then the technique was set to {technique(start.technique).label}, as you asked." if why else ""
        recipe = recipe.model_copy(update={"technique": TechniqueSection(id=start.technique)})
    recipe = _placed(_with_settings(recipe, start.settings))
    if unknown := unknown_launcher(recipe.launcher.id) or unknown_format(recipe.data.format):
        raise CannotStart.because(unknown)
    _keep_other_recipe(recipe, target)
    require_writable(out.absolute().parent)
    save_recipe(recipe, out.absolute())
    _tell_written(recipe, out.absolute(), {"preset": start.preset, "why": why} if start.preset else {}, as_json)
    return 0


def _tell_written(recipe: Recipe, out: Path, preset: dict[str, Any], as_json: bool) -> None:
    """Where the recipe lies, and what stands in the way of training it as it is."""
    problems = [problem for problem in study(recipe, runs_folder(), SAMPLE_ROWS).plan.problems if problem.severity == "problem"]
    if as_json:
        write_json({"path": str(out), "problems": [problem.model_dump(mode="json") for problem in problems], **preset})
        return
    for problem in problems:
        say(f"It cannot be trained as it is. {problem.what} {problem.how_to_fix} {problem.on_command_line}".rstrip(), "yellow")
    if preset:
        say(preset["why"])
    tell(str(out))


def _folder_with_model(named: Path) -> Path:
    """The folder that is meant. Raises CannotStart where no model lies."""
    model = model_folder(named)
    if not model.is_dir():
        raise refuse_non_folder(model)
    if not (model / CONFIG).is_file():
        raise refuse_without_config(model)
    return model


def _after_preset(recipe: Recipe, id: str) -> Applied:
    """The recipe that the preset makes for this model, these data and this machine. Raises CannotStart for an unknown one."""
    chosen = preset(id)
    seen = study(_placed(recipe), runs_folder(), SAMPLE_ROWS)
    return apply_preset(chosen, recipe, Ground(seen.model, seen.report, probe_hardware(runs_folder())))


def _look_at_name(out: Path) -> None:
    """Any name will do, but what is no recipe is never written over. Raises CannotStart."""
    if out.exists() and not _is_recipe(out):
        raise CannotStart(str(out), f"{out} exists already and is no recipe, so it is not replaced.", "Give --out another name.")
    if not out.name.endswith(RECIPE_SUFFIX):
        say(f"Drop and open in the window know recipes by the ending {RECIPE_SUFFIX}; the commands read {out.name} as well.", "yellow")


def _keep_other_recipe(recipe: Recipe, target: Target) -> None:
    """Raises CannotStart where another recipe lies that nobody said to replace; the same one again loses nothing."""
    out = target.out
    if not out.exists() or target.force:
        return
    try:
        same = read_regular(out).decode("utf-8") == recipe_to_yaml(recipe)
    except (OSError, ValueError):
        same = False
    if not same:
        raise CannotStart(
            str(out), f"{out} exists already and would be replaced.", "Add --force to replace it, or give --out another name."
        )


def _is_recipe(path: Path) -> bool:
    try:
        load_recipe(path)
    except CannotStart:
        return False
    return True


def chosen_recipe(path: Path, settings: list[str], data: Sequence[Path] = ()) -> Recipe:
    """The recipe at `path` with these dataset files and `-o` settings, whose relative paths start from where the command runs."""
    recipe = load_recipe(path)
    if data:
        recipe = with_data(recipe, data)
    return _placed(_with_settings(recipe, settings))


def _with_settings(recipe: Recipe, settings: list[str]) -> Recipe:
    """The recipe with `-o` settings; what another technique has no use for is left out, and named."""
    changed = with_options(recipe, settings)
    if left := foreign_options(recipe, settings):
        label = technique(changed.technique.id).label
        say(f"{label} has no such options, so they are left out: {', '.join(f'technique.{name}' for name in left)}.", "yellow")
    return changed


def _placed(recipe: Recipe) -> Recipe:
    if recipe.model.path:
        recipe = with_setting(recipe, "model.path", str(model_folder(recipe.model.path)))
    return with_absolute_paths(recipe, Path.cwd())


def show_plan(recipe: Recipe, exact: bool, as_json: bool) -> int:
    """Say what the recipe would do; Problems are part of the answer, so the exit code is 0."""
    result = study(recipe, runs_folder(), None if exact else SAMPLE_ROWS)
    if as_json:
        write_json(result.plan)
    else:
        show(result)
    return 0


def show_deepspeed(path: Path, settings: list[str], as_json: bool) -> int:
    """Print what DeepSpeed will be told. Raises CannotStart for a launcher that does without it."""
    recipe = chosen_recipe(path, settings)
    stages = {known.id: known.zero_stage for known in LAUNCHERS if known.zero_stage is not None}
    stage = stages.get(recipe.launcher.id)
    if stage is None:
        raise CannotStart(
            "launcher.id", f"The launcher {recipe.launcher.id} does not use DeepSpeed.", f"Set launcher.id to one of: {', '.join(stages)}."
        )
    for problem in key_problems(recipe.launcher.deepspeed):
        raise CannotStart(problem.where, problem.what, problem.how_to_fix)
    made = zero_settings(recipe, stage)
    if as_json:
        write_json(made)
    else:
        tell(json.dumps(made, indent=2))
    return 0


def show(result: Study) -> None:
    """The plan in words."""
    plan = result.plan
    estimated = " (estimated from a sample; --exact counts)" if plan.tokens_estimated else ""
    memory = plan.memory
    rows = [
        ["model", result.model.name if result.model else "none"],
        ["data", f"{plan.train_rows} rows to learn, {plan.validation_rows} held out"],
        ["technique", f"{result.recipe.technique.id}, learning rate {result.recipe.training.learning_rate:g}"],
        ["launcher", result.recipe.launcher.id],
        ["trainable", f"{plan.trainable_parameters:,}, {plan.trainable_percent:.3f} % of the base model's {plan.total_parameters:,}"],
        ["effective batch", str(plan.effective_batch_size)],
        ["steps", f"{plan.steps} ({plan.steps_per_epoch} per epoch)"],
        ["tokens per epoch", f"{plan.tokens_per_epoch:,}, {plan.learned_tokens_per_epoch:,} learned{estimated}"],
        ["memory", f"{size(memory.total_bytes)} of {size(memory.available_bytes)} free ({memory.device})"],
        *_memory_rows(result.recipe, memory),
        ["disk", f"{size(plan.disk_bytes)} of {size(plan.free_disk_bytes)} free"],
        ["time", _time(plan)],
    ]
    if memory.ram_bytes:
        rows.append(["memory beside the GPU", f"{size(memory.ram_bytes)} of {size(memory.ram_available_bytes)} free"])
    if plan.energy_kwh is not None:
        paid = bill(plan)
        rows.append(["energy", f"{plan.energy_kwh:.3g} kWh" + (f", costs {paid.cost} at {paid.price_per_kwh} per kWh" if paid else "")])
    table("", ["", ""], rows)
    for problem in plan.problems:
        words = f"{problem.severity.capitalize()}: {problem.what} {problem.how_to_fix} {problem.on_command_line}".rstrip()
        say(words, "red" if problem.severity == "problem" else "yellow")
    for line in fit_lines(plan):
        say(line)


def _memory_rows(recipe: Recipe, memory: MemoryPlan) -> list[list[str]]:
    """The parts of the plan's memory, and what each of several processes needs."""
    parts = [[f"  {PART_LABELS.get(name, name).lower()}", size(part)] for name, part in memory.parts.items() if part]
    count = recipe.launcher.processes
    each = [["  processes", f"{count} x {size(memory.total_bytes // count)}"]] if count > 1 and memory.parts else []
    return [*parts, *each]


def _time(plan: Plan) -> str:
    if not plan.time_seconds:
        return "not known yet"
    low, high = time_range(plan.time_seconds, plan.time_measured)
    how = "measured here" if plan.time_measured else "assumed; phitune calibrate measures"
    return f"about {duration(plan.time_seconds)}, between {duration(low)} and {duration(high)} ({how})"
