"""The model as training begins or goes on: base, adapter, and what the adapter started as where that lies inside the base."""

import gc
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import torch

from phitune_gui.catalog.launchers import launcher
from phitune_gui.catalog.launchers.zero_settings import zero_settings
from phitune_gui.catalog.techniques import Technique, options_for, technique
from phitune_gui.catalog.techniques.going_on import start_problem
from phitune_gui.catalog.techniques.loftq import LoftqOptions
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core.events import StageBegan
from phitune_gui.core.job import TrainJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Value
from phitune_gui.data.adapter_folder.start import read_start, reported
from phitune_gui.engine.adapter_start import start_from_adapter
from phitune_gui.engine.inside_start import Start, load_start, start_from, weights_of
from phitune_gui.engine.model import Tuned, attach_adapter, load_base
from phitune_gui.engine.number_format import choose_dtype
from phitune_gui.engine.quantise import require_quantised_training
from phitune_gui.engine.ranks import Ranks
from phitune_gui.engine.reporting import Reporter
from phitune_gui.engine.split_layers import Splitter
from phitune_gui.engine.tokenizer import load_tokenizer
from phitune_gui.engine.virtual_tokens import start_as
from phitune_gui.engine.zero_layers import ZeroSplitter


class Loaded(NamedTuple):
    """The model, the number of layers with an adapter, the frozen weights' number format, and the start inside the model."""

    model: Tuned
    matched: int
    dtype: torch.dtype
    start: Start | None = None


def load_for_training(job: TrainJob, steps: int, reporter: Reporter, ranks: Ranks) -> Loaded:
    """Base and fresh adapter for a run of so many steps; the trained weights of a checkpoint are read later, by the trainer.

    Where the launcher splits layers each process keeps its share of the frozen ones.
    """
    reporter.emit(StageBegan(stage="loading", detail=job.base_model.name))
    chosen, options = technique(job.recipe.technique.id), options_for(job.recipe.technique)
    # Measured, so each process by itself might choose another.
    dtype = getattr(torch, ranks.told(str(choose_dtype(job.recipe.training.dtype, chosen.trains_model(options))).removeprefix("torch.")))
    quantisation = chosen.quantisation(options)
    _require_possible(job, quantisation)
    inside = chosen.starts_inside_model and quantisation is None
    start = _start(job, chosen, options, dtype, reporter) if inside else None
    changes = chosen.schedule(options, steps) | ({"init_lora_weights": False} if start else {})
    splitter = _splitter(job, ranks) if splits_layers(job, ranks) else None
    # All at once would hold the whole model once for each process, if only for a moment.
    with nullcontext() if splitter is None else ranks.in_turn():
        base = load_base(job.base_model, dtype, quantisation)
        if job.recipe.training.gradient_checkpointing:
            base.enable_input_require_grads()
        model, matched = attach_adapter(base, chosen, options, **changes)
        if splitter is not None:
            splitter.split(model)
    if start is None and chosen.starts_inside_model:
        start = _start_as_error(job, model, options, reporter)
    if start is not None:
        ranks.share(part[name] for part in start for name in sorted(part))
        _quantise_anew(job, model, start, ranks)
    if inside and start is not None:
        start_from(model, start.weights)
    elif job.recipe.model.adapter and job.checkpoint is None:
        start_from_adapter(model, job.recipe, job.base_model)
    _start_as_text(job, model, chosen.start_text(options))
    return Loaded(model, matched, dtype, start)


def _start_as_text(job: TrainJob, model: Tuned, text: str) -> None:
    if text:
        start_as(model, load_tokenizer(Path(job.base_model.path)).encode(text, add_special_tokens=False))


def _require_possible(job: TrainJob, quantisation: Quantisation | None) -> None:
    """CannotStart where the adapter to go on with is another technique's, or weights of few bits do not train here."""
    if job.recipe.model.adapter and job.checkpoint is None:
        problem = start_problem(job.recipe.technique, reported(read_start(job.recipe.model.adapter, job.base_model), job.base_model))
        if problem is not None:
            raise CannotStart.because(problem)
    if quantisation is not None:
        require_quantised_training(quantisation)


def _quantise_anew(job: TrainJob, model: Tuned, start: Start, ranks: Ranks) -> None:
    """Every process, and a run that goes on, keeps the very weights that the start was made for."""
    if start.taken and (job.checkpoint is not None or ranks.size > 1):
        from phitune_gui.engine.quantisation_error import quantise_without

        quantise_without(model, Path(job.base_model.path), start.taken)


def _start_as_error(job: TrainJob, model: Tuned, options: Value, reporter: Reporter) -> Start:
    """The checkpoint's start, or what quantising lost; the trained weights of a checkpoint are put over it later."""
    if job.checkpoint is not None:
        return load_start(reporter.folder / job.checkpoint)
    from phitune_gui.engine.quantisation_error import start_as_error

    return start_as_error(model, Path(job.base_model.path), options.iterations if isinstance(options, LoftqOptions) else 1)


def splits_layers(job: TrainJob, ranks: Ranks) -> bool:
    """Whether each process keeps a part of every frozen layer only."""
    return launcher(job.recipe.launcher.id).splits_layers and ranks.size > 1


def _splitter(job: TrainJob, ranks: Ranks) -> Splitter | ZeroSplitter:
    stage = launcher(job.recipe.launcher.id).zero_stage
    return Splitter(ranks) if stage is None else ZeroSplitter(zero_settings(job.recipe, stage))


def _start(job: TrainJob, chosen: Technique, options: Value, dtype: torch.dtype, reporter: Reporter) -> Start:
    """The checkpoint's start, or one that is computed on a base of its own.

    Taking it out of another, untouched base makes a run and its resumption begin with the same bits.
    """
    if job.checkpoint is not None:
        return load_start(reporter.folder / job.checkpoint)
    model, _matched = attach_adapter(load_base(job.base_model, dtype), chosen, options)
    start = Start(weights_of(model), {})
    del model
    gc.collect()
    return start
