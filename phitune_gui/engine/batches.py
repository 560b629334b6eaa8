"""Puts encoded rows together as padded tensors, learned tokens marked by their label, padding by the attention mask alone."""

from collections.abc import Sequence

import torch

from phitune_gui.data.tokens import Encoded

NOT_LEARNED = -100
Batch = dict[str, torch.Tensor]


def collate(rows: Sequence[Encoded]) -> Batch:
    """Tensors of shape (rows, longest): input_ids, attention_mask, position_ids, and labels that are -100 where nothing is learned.

    Padding is id 0 under a zero mask: on Phi-3 the pad token is the end token, so an id can never tell padding.
    """
    longest = max(len(row.ids) for row in rows)
    shape = (len(rows), longest)
    ids, mask = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, NOT_LEARNED, dtype=torch.long)
    for number, row in enumerate(rows):
        length = len(row.ids)
        ids[number, :length] = torch.tensor(row.ids)
        mask[number, :length] = 1
        labels[number, :length] = torch.where(torch.tensor(row.learned), torch.tensor(row.ids), NOT_LEARNED)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    return {"input_ids": ids, "attention_mask": mask, "position_ids": positions, "labels": labels}


def token_counts(batch: Batch) -> tuple[int, int]:
    """Real tokens and tokens that carry loss; the first token of a row is never predicted, so it carries none."""
    return int(batch["attention_mask"].sum()), int((batch["labels"][:, 1:] != NOT_LEARNED).sum())
