"""Why a worker is gone, in words: exit code and end of log to one JobFailed."""

import re
import signal
import time
from pathlib import Path

from phitune_gui.core.events import FailureKind, JobFailed
from phitune_gui.core.run import Run

_MEMORY = re.compile(r"out of memory|can't allocate memory|cannot allocate memory|MemoryError|bad_alloc", re.IGNORECASE)
_LESS_MEMORY = "Choose fewer rows at a time, shorter conversations, or Save memory (slower)."


def explain_exit(exit_code: int | None, log: str, run: Run, new_oom_kills: int = 0, same_boot: bool = False) -> JobFailed:
    """The ending for a worker that wrote none; `exit_code` is negative for signals and None when nobody waited for it.

    `same_boot`: the machine has not been started anew since the worker was.
    """
    kind, message, hint = _reason(exit_code, log, run, new_oom_kills, same_boot)
    return JobFailed(at=time.time(), kind=kind, message=message, hint=f"{hint} {_what_is_safe(run)}".strip(), traceback=log[-4000:])


def oom_kills() -> int:
    """How many processes the kernel has ended for lack of memory since it started; 0 where it does not say."""
    try:
        text = Path("/proc/vmstat").read_text("ascii")
    except OSError:
        return 0
    found = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


def _reason(exit_code: int | None, log: str, run: Run, new_oom_kills: int, same_boot: bool) -> tuple[FailureKind, str, str]:
    where = f" at step {run.step} of {run.total_steps}" if run.total_steps else ""
    if _MEMORY.search(log[-4000:]) or (exit_code in (-9, None) and new_oom_kills > 0):
        peak = f" It had used {run.peak_bytes / 1e9:.1f} GB." if run.peak_bytes else ""
        return "out_of_memory", f"The worker was ended{where} because memory ran out.{peak}", _LESS_MEMORY
    if exit_code is None and same_boot:
        return "vanished", f"The worker was killed from outside, or it crashed{where}.", ""
    if exit_code is None:
        return "vanished", f"The worker is gone{where}; the machine was switched off or restarted.", ""
    if exit_code == -9:
        return "killed", f"The worker was killed from outside{where}.", ""
    if exit_code == -7:
        return "crashed", f"A file that the worker was reading was cut or removed{where}.", "Check the disk that holds the model."
    if exit_code < 0:
        return "crashed", f"The worker crashed{where} ({_signal_name(-exit_code)}).", "The log holds the details."
    if exit_code == 0:
        return "no_result", f"The worker ended early{where}, without a result.", "The log holds the details."
    return "error", f"The worker ended{where} with exit code {exit_code}.", "The log holds the details."


def _what_is_safe(run: Run) -> str:
    if not run.total_steps:
        return "Nothing was changed."
    if not run.checkpoints:
        return "No checkpoint had been saved yet, so training starts again from the beginning."
    return f"The checkpoint of step {run.checkpoints[-1].step} is safe."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
