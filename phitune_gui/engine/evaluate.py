"""Judges a model on held-out rows: the mean loss per learned token over all of them."""

import math
from collections.abc import Callable, Iterator, Sequence

import torch

from phitune_gui.catalog.base_models.work import LEAST_JUDGED_TOKENS
from phitune_gui.data.tokens import Encoded
from phitune_gui.engine.batches import Batch, collate, token_counts
from phitune_gui.engine.loss import summed_loss
from phitune_gui.engine.model import Tuned


def mean_loss(
    model: Tuned,
    rows: Sequence[Encoded],
    tick: Callable[[int, int], None] | None = None,
    loss_of: Callable[[Batch], torch.Tensor] | None = None,
    together: int = 1,
) -> tuple[float, int]:
    """Mean loss per learned token in nats, and how many tokens that is; NaN without any.

    Rows of like length are judged together, which changes no result but wastes little padding: as many as `together` of the longest
    make, so that judging takes no more memory than training on so many at once. The model is left in the mode it was in. `tick`
    hears of (rows done, rows) after each batch. `loss_of` is the summed loss of a batch where the model is not whole.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total, count, done = 0.0, 0, 0
    try:
        for group in _groups(rows, together):
            batch = {name: tensor.to(device) for name, tensor in collate(group).items()}
            learned = token_counts(batch)[1]
            if learned:
                with torch.no_grad():
                    total += (summed_loss(model, batch) if loss_of is None else loss_of(batch)).item()
                count += learned
            done += len(group)
            if tick is not None:
                tick(done, len(rows))
    finally:
        model.train(was_training)
    return (total / count if count else math.nan), count


def _groups(rows: Sequence[Encoded], together: int) -> Iterator[list[Encoded]]:
    """Rows may lie on the disk, so only the lengths of all are held at once."""
    lengths = [len(row.ids) for row in rows]
    most = max(LEAST_JUDGED_TOKENS, together * max(lengths, default=0))
    group: list[Encoded] = []
    for place in sorted(range(len(rows)), key=lengths.__getitem__):
        if group and lengths[place] * (len(group) + 1) > most:
            yield group
            group = []
        group.append(rows[place])
    if group:
        yield group
