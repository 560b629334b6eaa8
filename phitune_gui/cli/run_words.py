"""A run told by the command line: as the contract's figures, and as a table for people."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phitune_gui.cli.adapter_words import adapter_rows
from phitune_gui.cli.output import duration, say, size
from phitune_gui.core.invitation import read_invitations
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.run import NOT_BEGUN, Run
from phitune_gui.core.validation import judgement

ALWAYS_TOLD = ("data.max_length", "training.epochs", "training.learning_rate", "training.micro_batch_size")
"""Settings that people look for also when they are the usual ones."""


def figures(folder: Path, run: Run) -> dict[str, Any]:
    """The result of a run as the contract names it."""
    best, last = run.best_evaluation, run.last_evaluation
    return {
        "run": str(folder), "kind": "imported" if run.imported else "trained",
        "state": run.state, "steps": run.step, "final_loss": run.final_loss,
        "best_validation_loss": best.loss if best else None, "best_validation_step": best.step if best else None,
        "last_validation_loss": last.loss if last else None, "last_validation_step": last.step if last else None,
        "tokens_per_second": run.tokens_per_second, "learned_tokens_per_second": run.learned_tokens_per_second,
        "peak_memory_bytes": run.peak_bytes, "seconds": run.spent_seconds,
    }  # fmt: skip


def figure_rows(run: Run, recipe: Recipe) -> list[list[str]]:
    """The same figures for a table of two columns; of an adapter that was taken over, what is known of that.

    Of several processes each has its own memory, and that of the first is known.
    """
    if run.imported:
        return adapter_rows(run.imported)
    before = next((point.loss for point in run.evaluations if point.step == 0), None)
    points = {"best validation loss": run.best_evaluation, "last validation loss": run.last_evaluation}
    validation = [[name, f"{point.loss:.4f} after step {point.step}"] for name, point in points.items() if point]
    return [
        ["training loss", f"{run.final_loss:.4f}" if run.final_loss is not None else "none"],
        *([["validation loss before", f"{before:.4f}"]] if before is not None else []),
        *(validation or [["validation loss", "nothing was held out"]]),
        ["speed", f"{run.tokens_per_second:.0f} tokens/s, {run.learned_tokens_per_second:.0f} learned"],
        ["peak memory per process" if recipe.launcher.all_processes > 1 else "peak memory", size(run.peak_bytes)],
        ["time", duration(run.spent_seconds)],
    ]


def recipe_rows(recipe: Recipe) -> list[list[str]]:
    """Every setting that is not the usual one, the technique's options and what people always look for, by dotted names."""
    usual = dict(_flat(Recipe().model_dump(mode="json")))
    told = _flat(recipe.model_dump(mode="json"))
    return [
        [name, "none" if value is None else str(value)]
        for name, value in told
        if name in ALWAYS_TOLD or name.startswith("technique.") or usual.get(name) != value
    ]


def state_word(run: Run) -> str:
    """The state in one word; waiting for other machines is none of the contract's states."""
    return "imported" if run.imported else "waiting" if run.is_waiting else run.state


def going_on(run: Run) -> str:
    """What a run that has not ended is doing, in one sentence."""
    if run.state == "queued" and not run.stage:
        return f"It {NOT_BEGUN}"
    if not run.is_waiting:
        return f"{run.state.capitalize()}: {run.stage}."
    invited = [str(each.machine) for each in read_invitations(run.stage_detail)]
    if not invited:
        return f"Waiting for {run.stage_detail or 'the other machines'}."
    *others, last = invited
    machines = f"machines {', '.join(others)} and {last}" if others else f"machine {last}"
    return f"Waiting for {machines} to join; it trains when all are there."


def invitation_rows(run: Run) -> list[list[str]]:
    """What to type on each machine that is waited for."""
    return [[f"on machine {each.machine}", each.command] for each in read_invitations(run.stage_detail)] if run.is_waiting else []


def ending(run: Run) -> str:
    """How a run ended, in one sentence."""
    if run.failure:
        return f"{run.failure.message} {run.failure.hint}"
    if run.imported:
        return f"Imported from {run.imported.path}."
    words = {"finished": "Finished", "stopped": "Stopped and saved", "paused": "Paused and saved"}
    return f"{words.get(run.state, run.state)} at step {run.step} of {run.total_steps}."


def say_advice(run: Run) -> None:
    """One sentence when an earlier step was better than what was kept, or as good before anything was trained."""
    advice = judgement(run)
    if advice:
        say(advice, "yellow")


def moment(seconds: float) -> str:
    """Seconds since 1970 as this machine's date and time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _flat(document: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _flat({str(number): inner for number, inner in enumerate(value)}, f"{name}.")
        else:
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else value
