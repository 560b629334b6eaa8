"""Cross entropy over learned tokens only: the vocabulary is multiplied for those positions and no others, piece by piece."""

from typing import Any

import peft
import torch
from torch.nn import functional
from transformers import Phi3ForCausalLM

from phitune_gui.engine.batches import NOT_LEARNED, Batch
from phitune_gui.engine.model import Tuned
from phitune_gui.engine.virtual_tokens import adds_tokens, hidden_after_tokens

PIECE = 256
"""Positions whose logits exist at the same time."""


def summed_loss(model: Tuned, batch: Batch) -> torch.Tensor:
    """The sum of the losses of the batch's learned tokens, in nats, with gradients when they are wanted."""
    targets = batch["labels"][:, 1:]
    learned = targets != NOT_LEARNED
    hidden = learned_hidden(model, batch)
    head = causal_model(model).lm_head
    if type(head) is torch.nn.Linear:
        return _HeadLoss.apply(hidden, head.weight, targets[learned], head.weight.requires_grad and torch.is_grad_enabled())
    return functional.cross_entropy(head(hidden).float(), targets[learned], reduction="sum")


def learned_hidden(model: Tuned, batch: Batch) -> torch.Tensor:
    """The last hidden states from which learned tokens are predicted, of shape (learned tokens, hidden size)."""
    inner = _unwrapped(model)
    if adds_tokens(inner):
        hidden = hidden_after_tokens(inner, batch)
    else:
        hidden = causal_model(inner).model(**_without_labels(batch), use_cache=False).last_hidden_state
    return hidden[:, :-1][batch["labels"][:, 1:] != NOT_LEARNED]


def causal_model(model: Tuned) -> Phi3ForCausalLM:
    """The Phi-3 model itself, with whatever adapter layers were put into it."""
    model = _unwrapped(model)
    return model.get_base_model() if isinstance(model, peft.PeftModel) else model


def _unwrapped(model: torch.nn.Module) -> Tuned:
    """What `model` does its work by, without the layer that spreads rows over devices."""
    return model.module if isinstance(model, torch.nn.DataParallel) else model


def _without_labels(batch: Batch) -> Batch:
    return {name: tensor for name, tensor in batch.items() if name != "labels"}


class _HeadLoss(torch.autograd.Function):
    """Summed cross entropy of `hidden @ weight.T`; the gradients are made on the way, so no logits are kept for later."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, trains_head: bool) -> torch.Tensor:
        wants_gradient = hidden.requires_grad
        gradient = torch.empty_like(hidden) if wants_gradient else None
        weight_gradient = torch.zeros_like(weight) if trains_head else None
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, len(targets), PIECE):
            piece, target = hidden[start : start + PIECE], targets[start : start + PIECE, None]
            shares = (piece @ weight.T).float()
            shares -= shares.amax(-1, keepdim=True)
            chosen = shares.gather(1, target)
            sums = shares.exp_().sum(-1, keepdim=True)
            total += (sums.log() - chosen).sum()
            if gradient is None and weight_gradient is None:
                continue
            shares /= sums
            shares.scatter_add_(1, target, torch.full_like(chosen, -1.0))
            if gradient is not None:
                gradient[start : start + PIECE] = shares.to(weight.dtype) @ weight
            if weight_gradient is not None:
                weight_gradient.addmm_(shares.to(weight.dtype).T, piece)
        ctx.save_for_backward(gradient, weight_gradient)
        return total

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        gradient, weight_gradient = (None if made is None else made * upstream.to(made.dtype) for made in ctx.saved_tensors)
        return gradient, weight_gradient, None, None
