"""The settings that every preset states, written as edits of a recipe; stating all of them leaves no trace of another preset."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from phitune_gui.catalog.presets.preset import Situation
from phitune_gui.catalog.techniques import TECHNIQUES, technique

_MOST_EPOCHS = 100.0
_MOST_WARMUP = 10_000
_SHORTEST = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """As sources state them: `warmup` is a share of all steps, `held_out` percent of the rows, `steps` the whole
    length where it is stated in steps, `at_most` a limit beside the epochs."""

    technique: str
    options: Mapping[str, Any]
    learning_rate: float
    schedule: Literal["cosine", "linear", "constant"]
    warmup: float
    micro_batch_size: int
    accumulation: int
    max_length: int
    epochs: float = 1.0
    steps: int | None = None
    at_most: int | None = None
    max_grad_norm: float = 1.0
    gradient_checkpointing: bool = False
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    save_steps: int | None = None
    eval_steps: int | None = None
    held_out: float = 10.0
    seed: int = 7


def offered(*ids: str) -> str:
    """The first of these techniques that PhiTune offers."""
    known = {each.id for each in TECHNIQUES}
    return next(id for id in ids if id in known)


def edits(settings: Settings, situation: Situation) -> dict[str, Any]:
    """Dotted names and values. Options that the technique has not are left out."""
    epochs, steps = _length(settings, situation)
    model = situation.model
    context = model.context if model and model.context else settings.max_length
    has = technique(settings.technique).options.model_fields
    return {
        "technique.id": settings.technique,
        **{f"technique.{name}": value for name, value in settings.options.items() if name in has},
        "training.epochs": epochs,
        "training.max_steps": settings.steps or settings.at_most,
        "training.learning_rate": settings.learning_rate,
        "training.micro_batch_size": settings.micro_batch_size,
        "training.accumulation": settings.accumulation,
        "training.warmup_steps": min(_MOST_WARMUP, math.ceil(round(settings.warmup * steps, 6))),
        "training.schedule": settings.schedule,
        "training.weight_decay": 0.0,
        "training.max_grad_norm": settings.max_grad_norm,
        "training.neftune_alpha": None,
        "training.save_steps": settings.save_steps,
        "training.eval_steps": settings.eval_steps,
        "training.dtype": settings.dtype,
        "training.gradient_checkpointing": settings.gradient_checkpointing,
        "training.seed": settings.seed,
        "data.max_length": max(_SHORTEST, min(settings.max_length, context)),
        "data.validation.percent": settings.held_out,
    }


def _length(settings: Settings, situation: Situation) -> tuple[float, int]:
    """Epochs and steps. PhiTune ends at whichever of epochs and steps comes first, so a length in steps needs enough epochs."""
    learned = situation.rows * (1 - settings.held_out / 100)
    per_epoch = max(1, math.ceil(learned / (settings.micro_batch_size * settings.accumulation)))
    if settings.steps is None:
        steps = math.ceil(settings.epochs * per_epoch)
        return settings.epochs, min(steps, settings.at_most or steps)
    needed = math.ceil(settings.steps / per_epoch) if situation.rows else settings.epochs
    return float(min(_MOST_EPOCHS, max(settings.epochs, needed))), settings.steps
