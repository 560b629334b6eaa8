"""Puts trained parameters into the optimizer's groups: by how fast they learn and whether they are pulled towards zero."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any

import torch

RateFactor = Callable[[str], float]
"""From a parameter's name to how many times the run's learning rate it learns at."""


def parameter_groups(
    named: Iterable[tuple[str, torch.nn.Parameter]], decayed: Collection[str], factor: RateFactor, rate: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Two groups per factor, lowest factor first, so that the first one learns at the run's own rate, as events tell it.

    The grouping of `peft.optimizers.create_loraplus_optimizer`, but with the weight decay of the recipe; with one factor that of
    transformers. A group may be empty, as theirs may: checkpoints hold the groups by number.
    """
    learners: dict[float, list[tuple[str, torch.nn.Parameter]]] = defaultdict(list)
    for name, parameter in named:
        if parameter.requires_grad:
            learners[factor(name)].append((name, parameter))
    groups: list[dict[str, Any]] = []
    for times, members in sorted(learners.items(), key=lambda entry: entry[0]):
        pulled = [parameter for name, parameter in members if name in decayed]
        free = [parameter for name, parameter in members if name not in decayed]
        groups.append({"params": pulled, "lr": rate * times, "weight_decay": weight_decay})
        groups.append({"params": free, "lr": rate * times, "weight_decay": 0.0})
    return groups
