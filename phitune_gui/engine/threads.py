"""How many processor threads the heavy libraries use, and how much memory this process has taken."""

import sys

import psutil


def physical_cores() -> int:
    """Physical cores that this process may use, at least 1; twice as many threads make decoding three times slower."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    process = psutil.Process()
    allowed = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else cores
    return max(1, min(cores, allowed))


def use_threads(wanted: int | None) -> int:
    """Let torch use `wanted` threads, or every physical core; returns the number."""
    import torch  # not above: ONNX chat needs physical_cores only, and torch takes seconds to load

    threads = wanted or physical_cores()
    torch.set_num_threads(threads)
    return threads


def memory_now_and_peak() -> tuple[int, int]:
    """Resident bytes of this process, now and at their highest."""
    memory = psutil.Process().memory_info()
    if sys.platform == "win32":
        return memory.rss, memory.peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return memory.rss, max(memory.rss, peak if sys.platform == "darwin" else peak * 1024)
