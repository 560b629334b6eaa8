"""Whether a launcher of DeepSpeed can be used here, agrees with the recipe's ZeRO stage, and is worth it."""

from collections.abc import Iterator

from phitune_gui.catalog.launchers import LAUNCHERS, Launcher
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.figures import Figures
from phitune_gui.planning.words import in_words
from phitune_gui.planning.zero_memory import saved_bytes, trained_bytes


def check_zero(recipe: Recipe, hardware: Hardware, figures: Figures) -> Iterator[Problem]:
    """Nothing for launchers without DeepSpeed."""
    chosen = next((known for known in LAUNCHERS if known.id == recipe.launcher.id), None)
    if chosen is None or chosen.zero_stage is None:
        return
    yield from _check_machine(chosen, hardware)
    yield from _check_stage(recipe, chosen)
    if figures.trainable and recipe.launcher.processes > 1:
        yield _what_it_saves(recipe, chosen, figures)


def _check_machine(chosen: Launcher, hardware: Hardware) -> Iterator[Problem]:
    if not hardware.system.startswith("Linux"):
        yield Problem(
            where="launcher.id", what=f"The launcher {chosen.id} needs DeepSpeed, which PhiTune uses on Linux only.",
            how_to_fix="Set launcher.id to single.",
        )  # fmt: skip
    elif not hardware.has_deepspeed:
        yield Problem(
            where="launcher.id", what=f"The launcher {chosen.id} needs DeepSpeed, which is not installed.",
            how_to_fix='Install it with: pip install "phitune[deepspeed]". Or set launcher.id to ddp or fsdp2.',
        )  # fmt: skip


def _check_stage(recipe: Recipe, chosen: Launcher) -> Iterator[Problem]:
    stage = recipe.launcher.zero_stage
    if stage is not None and stage != chosen.zero_stage:
        yield Problem(
            where="launcher.zero_stage", what=f"launcher.zero_stage is {stage}, but the launcher {chosen.id} is stage {chosen.zero_stage}.",
            how_to_fix=f"Leave launcher.zero_stage out, or set it to {chosen.zero_stage}.",
        )  # fmt: skip


def _what_it_saves(recipe: Recipe, chosen: Launcher, figures: Figures) -> Problem:
    saved = saved_bytes(chosen.zero_stage, figures.trainable, recipe.launcher.processes)
    whole = trained_bytes(figures.trainable) * recipe.launcher.processes
    return Problem(
        severity="advice", where="launcher.id",
        what=f"Against ddp, {chosen.id} saves {in_words(saved)} of the {in_words(whole)} that {recipe.launcher.processes} processes need"
             " for trained weights, gradients and optimizer; the frozen weights are in each process all the same.",
        how_to_fix="Where memory is short, set launcher.id to fsdp2, or technique.id to qlora with launcher.id ddp.",
    )  # fmt: skip
