"""Measures what this process really holds in memory, loading apart from what comes after it."""

import threading
from pathlib import Path
from types import TracebackType

from phitune_gui.engine.threads import memory_now_and_peak

_SAMPLE_SECONDS = 0.02
_STATUS_FILE = Path("/proc/self/status")
_FORGET = Path("/proc/self/clear_refs")
_PEAK = "5"
"""What makes Linux begin its highest mark anew (proc(5), clear_refs, since Linux 4.0)."""


class MemoryMeter:
    """Resident bytes now and at their highest; `with meter:` around loading leaves mapped files out of the peak.

    Weight files are mapped while they are read. The system counts every page it has looked at as this process's memory, but takes
    it back at once when anybody needs room, so it is no need. Pages that stay mapped because weights are used in place count from
    the end of loading on. Where the system has no such marks the peak is its own, loading and all.
    """

    def __init__(self) -> None:
        self._loading_peak = 0
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "MemoryMeter":
        if anonymous_bytes() is not None:
            self._thread = threading.Thread(target=self._sample, name="phitune-memory", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread is None:
            return
        self._done.set()
        self._thread.join()
        if not _forget_peak():
            self._loading_peak = 0

    def now_and_peak(self) -> tuple[int, int]:
        """Resident bytes now, and the highest need so far."""
        now, peak = memory_now_and_peak()
        mark = _status("VmHWM:")  # getrusage's peak cannot be begun anew where it came from the process that started this one
        return now, max(now, peak if mark is None else mark, self._loading_peak)

    def _sample(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            self._loading_peak = max(self._loading_peak, anonymous_bytes() or 0)


def anonymous_bytes() -> int | None:
    """Resident bytes that no file stands behind; None where the system does not say."""
    return _status("RssAnon:")


def _status(name: str) -> int | None:
    try:
        lines = _STATUS_FILE.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), None)


def _forget_peak() -> bool:
    try:
        _FORGET.write_text(_PEAK, "ascii")
    except OSError:
        return False
    return True
