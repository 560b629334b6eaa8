"""Chooses the number format of frozen weights by measuring which one multiplies faster on this machine."""

import statistics
import time

import torch

ROWS, WIDTH = 256, 1024
FASTER = 1.3
"""bfloat16 must be this many times faster than float32 on the CPU, because it also costs precision."""


def choose_dtype(wanted: str, trains_every_weight: bool = False) -> torch.dtype:
    """The dtype for `training.dtype`; weights that are trained themselves stay float32. float16 is never chosen on a CPU."""
    if trains_every_weight or wanted == "float32":
        return torch.float32
    if wanted == "bfloat16":
        return torch.bfloat16
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return torch.bfloat16 if bfloat16_speed_up() >= FASTER else torch.float32


def bfloat16_speed_up() -> float:
    """How many times faster bfloat16 multiplies than float32 here; takes about 50 ms."""
    return _seconds(torch.float32) / _seconds(torch.bfloat16)


def _seconds(dtype: torch.dtype) -> float:
    """Median seconds of one matrix product."""
    left, right = torch.ones(ROWS, WIDTH, dtype=dtype), torch.ones(WIDTH, WIDTH, dtype=dtype)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        torch.mm(left, right)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])
