"""The processes that train one run together: who this one is, and what they tell each other after each step."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import distributed

RANK, SIZE, MEETING = "RANK", "WORLD_SIZE", "PHITUNE_MEETING"
"""Names in the environment: this process's number, how many there are, and the file by which those of one machine find each other."""


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
        """What the first process passed, by way of JSON: nothing that came over a network is ever unpickled."""
        return thing if self.size == 1 else json.loads(self.sent(json.dumps(thing).encode()))

    def sent(self, data: bytes) -> bytes:
        """The bytes that the first process passed."""
        if self.size == 1:
            return data
        length = torch.tensor([len(data)])
        distributed.broadcast(length, src=0)
        buffer = (
            torch.frombuffer(bytearray(data), dtype=torch.uint8) if self.leads and data else torch.zeros(int(length), dtype=torch.uint8)
        )
        distributed.broadcast(buffer, src=0)
        return buffer.numpy().tobytes()

    def gathered(self, data: bytes) -> list[bytes]:
        """What every process passed, in the order of their numbers."""
        if self.size == 1:
            return [data]
        lengths = [torch.zeros(1, dtype=torch.int64) for _rank in range(self.size)]
        distributed.all_gather(lengths, torch.tensor([len(data)]))
        longest = max(1, *(int(length) for length in lengths))
        padded = torch.frombuffer(bytearray(data.ljust(longest, b"\0")), dtype=torch.uint8)
        everyone = [torch.empty_like(padded) for _rank in range(self.size)]
        distributed.all_gather(everyone, padded)
        return [each.numpy().tobytes()[: int(length)] for each, length in zip(everyone, lengths, strict=True)]

    @torch.no_grad()
    def share(self, tensors: Iterable[torch.Tensor]) -> None:
        """Overwrite each tensor, which all have in the same order, by the first process's: another processor may round otherwise."""
        if self.size > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)

    def add_gradients(self, model: torch.nn.Module) -> None:
        """Replace the gradients by their sums over all processes, in one exchange per number format."""
        if self.size == 1:
            return
        gradients = [weights.grad for weights in model.parameters() if weights.grad is not None]
        for dtype in sorted({gradient.dtype for gradient in gradients}, key=str):  # in the same order everywhere
            parts = [gradient for gradient in gradients if gradient.dtype == dtype]
            flat = torch.cat([part.reshape(-1) for part in parts])
            distributed.all_reduce(flat)
            for part, summed in zip(parts, flat.split([part.numel() for part in parts]), strict=True):
                part.copy_(summed.view_as(part))

    def wait(self) -> None:
        """Return when every process is here."""
        if self.size > 1:
            distributed.barrier()

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Run the block in one process after another."""
        for turn in range(self.size):
            if turn == self.rank:
                yield
            self.wait()


def own_ranks() -> Ranks:
    """Who the environment says that this process is, before it has met the others."""
    size = int(os.environ.get(SIZE, "1"))
    return Ranks(int(os.environ[RANK]), size) if size > 1 else Ranks()


def join_ranks(store: distributed.Store | None = None) -> Ranks:
    """Meet the other processes that the environment speaks of; `Ranks()` when it speaks of none.

    On one machine they meet by a file and not by a port: torch's own store would listen on every network interface. Several machines
    meet in `store`.
    """
    ranks = own_ranks()
    if ranks.size > 1:
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        place: dict[str, Any] = {"store": store} if store is not None else {"init_method": f"file://{os.environ[MEETING]}"}
        distributed.init_process_group(backend, rank=ranks.rank, world_size=ranks.size, **place)
    return ranks


def part_ranks() -> None:
    """Leave the others in good order."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
