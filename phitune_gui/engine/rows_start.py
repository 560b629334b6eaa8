"""Adapters that start from the run's own rows: EVA takes the directions in which each layer's inputs vary most."""

from collections.abc import Sequence
from typing import Any

import peft
import torch

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.tokens import Encoded
from phitune_gui.engine.batches import Batch, collate, token_counts
from phitune_gui.engine.loss import causal_model

MOST_PASSES = 100
_HOW_TO_FIX = "Lower technique.rank, give more rows, or choose LoRA."


def start_from_rows(model: peft.PeftModel, rows: Sequence[Encoded]) -> None:
    """Set the first matrix of every adapted layer. Raises CannotStart where the rows are too few or the directions do not settle.

    PEFT goes over the batches again and again until every direction stays, which on some rows is never, so passes are counted.
    """
    config, passes = model.active_peft_config, 0
    targets = config.target_modules

    def forward(tuned: Any, batch: Batch) -> None:
        nonlocal passes
        passes += 1
        if passes > MOST_PASSES:
            what = f"The directions that EVA starts from did not settle in {MOST_PASSES} passes over the rows."
            raise CannotStart("technique.rank", what, _HOW_TO_FIX)
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        causal_model(tuned).model(**inputs, use_cache=False)

    config.init_lora_weights, config.eva_config = "eva", peft.EvaConfig(rho=1.0)
    with torch.random.fork_rng(devices=[]):
        # Every process of a run sees the same rows here, so each finds the same start by itself.
        peft.initialize_lora_eva_weights(
            model, _batches(rows, 2 * config.r), forward_fn=forward, gather_distributed_inputs=False, show_progress_bar=False
        )
    # PEFT names every layer for itself now; no rank has changed, so what is kept is a plain LoRA under the short names.
    config.target_modules, config.init_lora_weights, config.eva_config = targets, True, None
    model.train()


def _batches(rows: Sequence[Encoded], least: int) -> list[Batch]:
    """Rows put together until each batch learns more than `least` tokens; PEFT leaves smaller ones out."""
    batches, group, learned = [], [], 0
    for row in rows:
        group.append(row)
        learned += token_counts(collate([row]))[1]
        if learned > least:
            batches.append(collate(group))
            group, learned = [], 0
    if not batches:
        what = f"EVA needs rows that learn more than {least} tokens together, and all rows learn {learned}."
        raise CannotStart("technique.rank", what, _HOW_TO_FIX)
    return batches
