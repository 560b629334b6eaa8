"""How many processor threads the heavy libraries use, and how much memory this process has taken."""

import ctypes
import sys

import psutil

_M_MMAP_THRESHOLD = -3
"""The name of this setting in glibc's malloc.h."""
_RETURNED_BYTES = 1 << 18


def physical_cores() -> int:
    """Physical cores that this process may use, at least 1; twice as many threads make decoding three times slower."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    process = psutil.Process()
    allowed = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else cores
    return max(1, min(cores, allowed))


def use_threads(wanted: int | None, processes: int = 1) -> int:
    """Let torch use `wanted` threads, or this process's share of the physical cores; returns the number."""
    import torch  # not above: ONNX chat needs physical_cores only, and torch takes seconds to load

    threads = wanted or max(1, physical_cores() // processes)
    torch.set_num_threads(threads)
    return threads


def return_freed_memory() -> None:
    """Let glibc give tensors back to the system as soon as they are freed, instead of keeping them for later.

    With gradient checkpointing on the starter (4 x 512 tokens, float32) the resident peak fell from 3.4 to 1.4 GB; in bfloat16 with
    rows of all lengths (2 x 512) from 1.32 to 1.11 GB when blocks of a quarter instead of a whole megabyte are returned. The pages have
    to be asked for again each time, which costs speed, so this is for runs that save memory. Other systems' allocators do without.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, _RETURNED_BYTES)


def memory_now_and_peak() -> tuple[int, int]:
    """Resident bytes of this process, now and at their highest."""
    memory = psutil.Process().memory_info()
    if sys.platform == "win32":
        return memory.rss, memory.peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return memory.rss, max(memory.rss, peak if sys.platform == "darwin" else peak * 1024)
