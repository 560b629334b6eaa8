"""The processes that train one run together: who this one is, and what they tell each other after each step."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import distributed

RANK, SIZE, MEETING = "RANK", "WORLD_SIZE", "PHITUNE_MEETING"
"""Names in the environment: this process's number, how many there are, and the file by which they find each other."""


class Ranks(NamedTuple):
    """This process's number from 0, and how many there are; alone, every exchange is a no-op."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes the run folder."""
        return self.rank == 0

    def summed(self, numbers: Iterable[float]) -> list[float]:
        """Each number added up over all processes."""
        mine = torch.tensor(list(numbers), dtype=torch.float64)
        if self.size > 1:
            distributed.all_reduce(mine)
        return mine.tolist()

    def told(self, thing: Any) -> Any:
        """What the first process passed; small picklable values only."""
        if self.size == 1:
            return thing
        box = [thing]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def add_gradients(self, model: torch.nn.Module) -> None:
        """Replace the gradients by their sums over all processes, in one exchange per number format."""
        if self.size == 1:
            return
        gradients = [weights.grad for weights in model.parameters() if weights.grad is not None]
        for dtype in {gradient.dtype for gradient in gradients}:
            parts = [gradient for gradient in gradients if gradient.dtype == dtype]
            flat = torch.cat([part.reshape(-1) for part in parts])
            distributed.all_reduce(flat)
            for part, summed in zip(parts, flat.split([part.numel() for part in parts]), strict=True):
                part.copy_(summed.view_as(part))

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """One process after another does the block."""
        for _before in range(self.rank):
            self.wait()
        yield
        for _after in range(self.size - self.rank):
            self.wait()

    def wait(self) -> None:
        """Return when every process is here."""
        if self.size > 1:
            distributed.barrier()


def join_ranks() -> Ranks:
    """Meet the other processes that the environment speaks of; `Ranks()` when it speaks of none.

    They meet by a file, not by a port: torch's own store would listen on every network interface.
    """
    size = int(os.environ.get(SIZE, "1"))
    if size == 1:
        return Ranks()
    rank = int(os.environ[RANK])
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, init_method=f"file://{os.environ[MEETING]}", rank=rank, world_size=size)
    return Ranks(rank, size)


def part_ranks() -> None:
    """Leave the others in good order."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
