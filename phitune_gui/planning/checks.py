"""What is wrong with a plan, or worth knowing about it, in whole sentences."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from phitune_gui.catalog.launchers import LAUNCHERS, Launcher, launcher, unknown_launcher
from phitune_gui.catalog.techniques import TECHNIQUES, technique_problems
from phitune_gui.catalog.techniques.going_on import start_problem
from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import MemoryPlan
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.data_checks import check_data, check_rows
from phitune_gui.planning.devices import technique_of
from phitune_gui.planning.disk import DiskPlan
from phitune_gui.planning.figures import Figures
from phitune_gui.planning.learning_checks import check_learning, check_quantisation
from phitune_gui.planning.machine_checks import check_machines
from phitune_gui.planning.memory import COMFORTABLE
from phitune_gui.planning.words import in_words
from phitune_gui.planning.zero_checks import check_zero


class Situation(NamedTuple):
    """Everything that checks may look at."""

    recipe: Recipe
    model: BaseModel | None
    report: DatasetReport | None
    hardware: Hardware
    figures: Figures
    memory: MemoryPlan
    disk: DiskPlan
    least_bytes: int = 0
    """Memory that is needed even with every saving, where that is too much; else 0."""
    start: AdapterReport | None = None
    """The adapter that training goes on from; None where it begins afresh or nothing was read."""


def find_problems(situation: Situation, extra: Sequence[Problem] = ()) -> tuple[Problem, ...]:
    """All findings, problems before advice, each once; `extra` are findings of those who read the dataset."""
    recipe, model, report = situation.recipe, situation.model, situation.report
    found = [
        *extra,
        *_check_model(recipe, model),
        *check_data(recipe, report, told=bool(extra)),
        *(check_rows(recipe, model, report) if report else ()),
        *technique_problems(recipe.technique, model),
        *_check_start(recipe, situation.start),
        *_check_launcher(recipe, situation.hardware),
        *check_zero(recipe, situation.hardware, situation.figures, situation.memory),
        *_check_length(recipe, model),
        *_check_virtual_tokens(recipe, model, situation.figures),
        *_check_saving(recipe),
        *_check_training(recipe, situation.figures),
        *check_learning(recipe, situation.figures),
        *check_quantisation(situation.figures, situation.hardware),
        *_check_memory(situation),
        *_check_loading(situation),
        *_check_disk(situation),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: problem.severity != "problem"))


def _check_model(recipe: Recipe, model: BaseModel | None) -> Iterator[Problem]:
    if model is None and not recipe.model.path:
        yield Problem(
            where="model.path", what="No model is chosen.",
            how_to_fix="Choose a local Phi-3 model folder, or make the starter model ready.",
        )  # fmt: skip
    elif model is None:
        yield Problem(
            where="model.path", what=f"The model folder {recipe.model.path} has not been read.",
            how_to_fix="Choose a folder that exists and holds a Phi-3 model.",
        )  # fmt: skip
    elif not model.usable:
        yield Problem(
            where="model.path", what=model.reason or f"The model {model.name} cannot be tuned.",
            how_to_fix=model.how_to_fix or "Choose another model.",
        )  # fmt: skip
    elif not model.has_weights:
        yield Problem(
            where="model.path", what=f"The folder {model.path} holds no weights.",
            how_to_fix="Fetch the model.safetensors files into this folder, or choose another model.",
        )  # fmt: skip


def _check_start(recipe: Recipe, start: AdapterReport | None) -> Iterator[Problem]:
    problem = start_problem(recipe.technique, start) if recipe.model.adapter else None
    if problem is not None:
        yield problem


def _check_launcher(recipe: Recipe, hardware: Hardware) -> Iterator[Problem]:
    if unknown := unknown_launcher(recipe.launcher.id):
        yield unknown
        return
    chosen = launcher(recipe.launcher.id)
    if not chosen.shares:
        yield from _check_sharing(recipe, chosen)
    if chosen.techniques is not None and recipe.technique.id not in chosen.techniques:
        yield Problem(
            where="launcher.id", what=f"“{chosen.label}” does not train {technique_of(recipe).label}. {chosen.why_not}",
            how_to_fix=f"Set launcher.id to ddp or single, or technique.id to one of: {', '.join(chosen.techniques)}.",
        )  # fmt: skip
    if recipe.launcher.all_processes > 1 and not chosen.several:
        where = "launcher.processes" if recipe.launcher.processes > 1 else "launcher.nodes"
        yield Problem(
            where=where,
            what=f"“{chosen.label}” starts one process, but {recipe.launcher.all_processes} are asked for.",
            how_to_fix=f"Set {where} to 1, or launcher.id to {_several(recipe.launcher.nodes > 1)}.",
        )
    yield from check_machines(recipe.launcher, chosen)
    if chosen.several and recipe.launcher.all_processes == 1:
        yield Problem(
            where="launcher.processes", what=f"“{chosen.label}” is for several processes, but one is asked for.",
            how_to_fix="Set launcher.processes to 2 or more, or launcher.id to single.",
        )  # fmt: skip
    cores = hardware.physical_cores
    if chosen.several and not hardware.gpus and 0 < cores < recipe.launcher.processes:
        yield Problem(
            severity="advice", where="launcher.processes",
            what=f"{recipe.launcher.processes} processes share {cores} processor cores, so steps are no quicker than with {cores}.",
            how_to_fix=f"Set launcher.processes to {cores} or fewer, or launcher.id to single." if cores > 1 else
                       "Set launcher.id to single and launcher.processes to 1.",
        )  # fmt: skip


def _several(on_machines: bool) -> str:
    return " or ".join(each.id for each in LAUNCHERS if each.several and (each.machines or not on_machines))


def _check_sharing(recipe: Recipe, chosen: Launcher) -> Iterator[Problem]:
    for name, value in (("zero_stage", recipe.launcher.zero_stage), ("offload", recipe.launcher.offload)):
        if value not in (None, "none"):
            yield Problem(
                severity="advice", where=f"launcher.{name}",
                what=f"launcher.{name} is {value}, but the launcher {chosen.id} does not read it, so it has no effect.",
                how_to_fix=f"Leave launcher.{name} out.",
            )  # fmt: skip


def _check_length(recipe: Recipe, model: BaseModel | None) -> Iterator[Problem]:
    length = recipe.data.max_length
    if model is None or not model.context:
        return
    if length > model.context:
        yield Problem(
            where="data.max_length",
            what=f"Conversations of up to {length:,} tokens are allowed, but {model.name} reads at most {model.context:,}.",
            how_to_fix=f"Set data.max_length to {model.context} or less.",
        )
    elif model.original_context and length > model.original_context:
        yield Problem(
            severity="advice", where="data.max_length",
            what=f"{model.name} changes its position factors beyond {model.original_context:,} tokens, and up to {length:,} are allowed.",
            how_to_fix=f"Set data.max_length to {model.original_context} unless your texts are really longer.",
        )  # fmt: skip


def _check_virtual_tokens(recipe: Recipe, model: BaseModel | None, figures: Figures) -> Iterator[Problem]:
    length, added = recipe.data.max_length, figures.virtual_tokens
    if model is None or not added or not length <= model.context < length + added:
        return
    yield Problem(
        where="data.max_length",
        what=f"Conversations of up to {length:,} tokens and {added:,} virtual tokens before them are more than the {model.context:,} tokens"
             f" that {model.name} reads.",
        how_to_fix=f"Set data.max_length to {model.context - added} or less, or technique.virtual_tokens lower.",
    )  # fmt: skip


def _check_saving(recipe: Recipe) -> Iterator[Problem]:
    unable = {known.id: known.label for known in TECHNIQUES if not known.can_checkpoint}
    if recipe.training.gradient_checkpointing and recipe.technique.id in unable:
        yield Problem(
            where="training.gradient_checkpointing",
            what=f"{unable[recipe.technique.id]} works through the key/value cache, which is missing when activations are computed twice.",
            how_to_fix="Set training.gradient_checkpointing to false, or technique.id to prompt or lora.",
        )  # fmt: skip


def _check_training(recipe: Recipe, figures: Figures) -> Iterator[Problem]:
    if figures.steps and recipe.training.warmup_steps >= figures.steps:
        yield Problem(
            severity="advice", where="training.warmup_steps",
            what=f"The run has {figures.steps:,} steps, and all of them are warm-up, so the full learning rate is never reached.",
            how_to_fix="Set training.warmup_steps to a tenth of the steps or less.",
        )  # fmt: skip


def _check_memory(situation: Situation) -> Iterator[Problem]:
    needed, free = situation.memory.total_bytes, situation.memory.available_bytes
    if needed <= COMFORTABLE * free:
        return
    over = needed > free
    yield Problem(
        severity="problem" if over else "advice", where="training.micro_batch_size",
        what=f"Training needs about {in_words(needed)} of memory and {in_words(free)} are free"
             + (f".{_nothing_fits(situation)}" if over else ", which may not be enough when other programs need more."),
        how_to_fix=_less_memory(situation) if over else "Close other programs, or lower Rows at a time.",
        on_command_line="" if not over or situation.least_bytes else "phitune plan RECIPE names the settings that make it fit.",
    )  # fmt: skip


def _nothing_fits(situation: Situation) -> str:
    return f" Even with every saving it needs {in_words(situation.least_bytes)}." if situation.least_bytes else ""


def _less_memory(situation: Situation) -> str:
    if not situation.least_bytes:
        return "Let Make it fit change the recipe, close other programs, or choose a smaller model."
    if situation.figures.trains_model:
        return "Choose LoRA, which trains a small adapter instead of every weight, close other programs, or choose a smaller model."
    if situation.recipe.launcher.processes > 1 and not situation.hardware.gpus:
        one = "Start one process, which needs the memory of one: set launcher.id to single and launcher.processes to 1."
        return f"{one} Or close other programs, or choose a smaller model."
    return "Close other programs, or choose a smaller model."


def _check_loading(situation: Situation) -> Iterator[Problem]:
    memory = situation.memory
    if memory.ram_bytes > memory.ram_available_bytes:
        yield Problem(
            where="technique.id",
            what=f"The model passes through the machine's own memory on its way to the graphics processor, which takes about"
                 f" {in_words(memory.ram_bytes)}, and {in_words(memory.ram_available_bytes)} are free.",
            how_to_fix="Choose QLoRA, whose weights pass layer by layer, close other programs, or choose a smaller model.",
        )  # fmt: skip


def _check_disk(situation: Situation) -> Iterator[Problem]:
    disk, free = situation.disk, situation.hardware.free_disk_bytes
    where = situation.hardware.disk_folder or "disk"
    place = f"the disk of {situation.hardware.disk_folder}" if situation.hardware.disk_folder else "the disk"
    if disk.training > free:
        yield Problem(
            where=where, what=f"Training needs {in_words(disk.training)} of disk, but {place} has only {in_words(free)} free.",
            how_to_fix="Free some space there, or keep runs on another disk.",
        )  # fmt: skip
    elif disk.total > free:
        yield Problem(
            severity="advice", where=where,
            what=f"Training fits, but with merging and exporting about {in_words(disk.total)} of disk are needed, and {place} has"
                 f" {in_words(free)} free.",
            how_to_fix="Free some space before you export, or export to another disk.",
        )  # fmt: skip
