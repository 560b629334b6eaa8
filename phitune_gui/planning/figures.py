"""The numbers that a plan is made of, counted once: rows, steps, tokens, trained parameters."""

import math
from typing import NamedTuple

from phitune_gui.catalog.exports.sizes import parameters
from phitune_gui.catalog.techniques import TECHNIQUES, read_options, technique
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.catalog.techniques.target_modules import TargetedOptions, learning_layers
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.value import Value

_SAVES_PER_RUN = 10
_EXTRA_NUMBERS = {known.id: known.extra_numbers for known in TECHNIQUES}


class Figures(NamedTuple):
    """Counts of a run. A step moves the weights once, over `effective_batch_size` rows or what is left of the epoch."""

    trainable: int
    trains_model: bool
    """The trained parameters are the model's own and no adapter beside it."""
    quantisation: Quantisation | None
    """How the frozen weights are kept; None in the recipe's number format."""
    extra_numbers: int
    """Float32 numbers kept for each trained parameter beside the optimizer's two."""
    total: int
    effective_batch_size: int
    train_rows: int
    validation_rows: int
    steps_per_epoch: int
    steps: int
    save_steps: int
    eval_steps: int
    row_tokens: int
    """Tokens of the longest row after cutting, virtual ones included; the length limit while no row was measured."""
    learning_layers: int
    """Blocks that a gradient passes."""
    drops_inputs: bool
    """Whether adapters see their inputs with some dropped, which are kept apart then."""
    virtual_tokens: int
    start_tokens: int
    """How many tokens' forward pass the adapter's start is worth."""

    @property
    def trainable_percent(self) -> float:
        """Trained parameters against those of the base model."""
        return 100 * self.trainable / self.total if self.total else 0.0


def count(recipe: Recipe, model: BaseModel | None, report: DatasetReport | None) -> Figures:
    """All figures; 0 where model or report is needed and missing."""
    training = recipe.training
    effective = training.micro_batch_size * training.accumulation * recipe.launcher.all_processes
    rows = report.train_rows if report else 0
    per_epoch = math.ceil(rows / effective)
    steps = _steps(per_epoch, training.epochs, training.max_steps)
    tenth = max(1, math.ceil(steps / _SAVES_PER_RUN))
    options = read_options(recipe.technique)
    chosen = technique(recipe.technique.id) if isinstance(options, Value) else None
    tokens = chosen.virtual_tokens(options) if chosen else 0
    return Figures(
        trainable=chosen.adapter_parameters(options, model) if chosen and model else 0,
        trains_model=chosen is not None and chosen.trains_model(options),
        quantisation=chosen.quantisation(options) if chosen else None,
        extra_numbers=_EXTRA_NUMBERS.get(recipe.technique.id, 0),
        total=parameters(model) if model else 0,
        effective_batch_size=effective,
        train_rows=rows,
        validation_rows=report.validation_rows if report else 0,
        steps_per_epoch=per_epoch,
        steps=steps,
        save_steps=training.save_steps or tenth,
        eval_steps=training.eval_steps or tenth,
        row_tokens=_row_tokens(recipe, model, report) + tokens,
        learning_layers=_learning_layers(recipe, options, model) if isinstance(options, Value) and model else 0,
        drops_inputs=isinstance(options, TargetedOptions) and options.dropped_inputs > 0,
        virtual_tokens=tokens,
        start_tokens=chosen.start_tokens(options) if chosen else 0,
    )


def _steps(per_epoch: int, epochs: float, max_steps: int | None) -> int:
    """Rounded up once for the whole run, as transformers' Trainer does, also when the last epoch is a part of one.

    Noise of the product is rounded away first, as the engine does: a tenth of 30 steps is 3, not 4.
    """
    if not per_epoch:
        return 0
    steps = max(1, math.ceil(round(epochs * per_epoch, 6)))
    return steps if max_steps is None else min(steps, max_steps)


def _learning_layers(recipe: Recipe, options: Value, model: BaseModel) -> int:
    """With gradient checkpointing a gradient passes all of them, down to the first one's input, or none would be computed again."""
    return model.layers if recipe.training.gradient_checkpointing else learning_layers(options, model)


def _row_tokens(recipe: Recipe, model: BaseModel | None, report: DatasetReport | None) -> int:
    limit = recipe.data.max_length
    if model and model.context:
        limit = min(limit, model.context)
    return min(limit, report.lengths.max) if report and report.lengths.max else limit
