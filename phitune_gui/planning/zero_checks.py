"""Whether a launcher of DeepSpeed can be used here, agrees with the recipe's ZeRO stage, and is worth it, as is offloading."""

from collections.abc import Iterator

from phitune_gui.catalog.launchers import LAUNCHERS, Launcher
from phitune_gui.catalog.launchers.zero_keys import key_problems
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import MemoryPlan
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.devices import trains_on
from phitune_gui.planning.figures import Figures
from phitune_gui.planning.words import in_words
from phitune_gui.planning.zero_memory import saved_bytes


def check_zero(recipe: Recipe, hardware: Hardware, figures: Figures, memory: MemoryPlan) -> Iterator[Problem]:
    """For launchers without DeepSpeed only whether the recipe holds settings for it."""
    chosen = next((known for known in LAUNCHERS if known.id == recipe.launcher.id), None)
    if chosen is None:
        return
    if chosen.zero_stage is None:
        yield from _check_unread(recipe, chosen)
        return
    yield from key_problems(recipe.launcher.deepspeed)
    yield from _check_machine(chosen, hardware)
    yield from _check_stage(recipe, chosen)
    yield from _check_offload(recipe, hardware)
    if (
        figures.trainable
        and memory.total_bytes
        and recipe.launcher.processes > 1
        and not chosen.splits_layers
        and recipe.technique.id in (chosen.techniques or ())
    ):
        yield _what_it_saves(recipe, chosen, figures, memory)


def _check_unread(recipe: Recipe, chosen: Launcher) -> Iterator[Problem]:
    if recipe.launcher.deepspeed:
        yield Problem(
            severity="advice", where="launcher.deepspeed",
            what=f"“{chosen.label}” does not use DeepSpeed, so launcher.deepspeed has no effect.",
            how_to_fix="Leave launcher.deepspeed out, or set launcher.id to one of the zero launchers.",
        )  # fmt: skip


def _check_machine(chosen: Launcher, hardware: Hardware) -> Iterator[Problem]:
    if not hardware.system.startswith("Linux"):
        yield Problem(
            where="launcher.id", what=f"“{chosen.label}” needs DeepSpeed, which PhiTune uses on Linux only.",
            how_to_fix="Set launcher.id to single.",
        )  # fmt: skip
    elif not hardware.has_deepspeed:
        yield Problem(
            where="launcher.id", what=f"“{chosen.label}” needs DeepSpeed, which is not installed.",
            how_to_fix='Install it with: pip install "phitune[deepspeed]". Or set launcher.id to ddp or fsdp2.',
        )  # fmt: skip


def _check_stage(recipe: Recipe, chosen: Launcher) -> Iterator[Problem]:
    stage = recipe.launcher.zero_stage
    if stage is not None and stage != chosen.zero_stage:
        yield Problem(
            where="launcher.zero_stage", what=f"launcher.zero_stage is {stage}, but the launcher {chosen.id} is stage {chosen.zero_stage}.",
            how_to_fix=f"Leave launcher.zero_stage out, or set it to {chosen.zero_stage}.",
        )  # fmt: skip


def _check_offload(recipe: Recipe, hardware: Hardware) -> Iterator[Problem]:
    if recipe.launcher.offload == trains_on(hardware):
        yield Problem(
            severity="advice", where="launcher.offload",
            what="This machine trains on its processor, whose memory holds the optimizer's state in any case, so launcher.offload saves"
                 " nothing; the result is the same.",
            how_to_fix="Leave launcher.offload out.",
        )  # fmt: skip


def _what_it_saves(recipe: Recipe, chosen: Launcher, figures: Figures, memory: MemoryPlan) -> Problem:
    saved = saved_bytes(chosen.zero_stage, figures.trainable, recipe.launcher.processes)
    return Problem(
        severity="advice", where="launcher.id",
        what=f"Against ddp, {chosen.id} saves {in_words(saved)} of the {in_words(memory.total_bytes + saved)} that this run needs;"
             " the frozen weights are in each process all the same.",
        how_to_fix="Where memory is short, set launcher.id to zero3 or fsdp2, or technique.id to qlora with launcher.id ddp.",
    )  # fmt: skip
