"""Why a worker is gone, in words: exit code and end of log to one JobFailed."""

import re
import signal
import time
from pathlib import Path
from typing import NamedTuple

from phitune_gui.core.events import FailureKind, JobFailed
from phitune_gui.core.run import Run
from phitune_gui.store.checkpoints import checkpoint_steps

_MEMORY = re.compile(r"out of memory|can't allocate memory|cannot allocate memory|MemoryError|bad_alloc", re.IGNORECASE)
_LESS_MEMORY = "Choose fewer rows at a time, shorter conversations, or Save memory (slower)."


class Exit(NamedTuple):
    """What is known about a worker that is gone."""

    code: int | None = None
    """Negative for signals, None when nobody waited for it."""
    log: str = ""
    new_oom_kills: int = 0
    asked: str = ""
    """How the person had it ended at once ("by Ctrl-C"); empty when it was not their doing."""
    began: bool = True
    """False when it was gone before its attempt began."""
    same_boot: bool = False
    """True when the machine has not been started anew since the worker was."""


def explain_exit(gone: Exit, run: Run, folder: Path) -> JobFailed:
    """The ending for a worker that wrote none; `folder` is looked at for what is safe."""
    kind, message, hint = _reason(gone, run)
    hint = f"{hint} {_what_is_safe(run, folder)}".strip()
    return JobFailed(at=time.time(), kind=kind, message=message, hint=hint, traceback=gone.log[-4000:])


def oom_kills() -> int:
    """How many processes the kernel has ended for lack of memory since it started; 0 where it does not say."""
    try:
        text = Path("/proc/vmstat").read_text("ascii")
    except OSError:
        return 0
    found = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


def _reason(gone: Exit, run: Run) -> tuple[FailureKind, str, str]:
    code, where = gone.code, _where(gone.began, run)
    if gone.asked and code in (None, -9):
        return "killed", f"The worker was ended at once{where}, {gone.asked}.", ""
    if _MEMORY.search(gone.log[-4000:]) or (code in (None, -9) and gone.new_oom_kills > 0):
        peak = f" It had used {run.peak_bytes / 1e9:.1f} GB." if run.peak_bytes else ""
        return "out_of_memory", f"The worker was ended{where} because memory ran out.{peak}", _LESS_MEMORY
    if code is None and gone.same_boot:
        return "vanished", f"The worker was killed from outside, or it crashed{where}.", ""
    if code is None:
        return "vanished", f"The worker is gone{where}; the machine was switched off or restarted.", ""
    if code < 0:
        return _signalled(code, where)
    if code == 0:
        return "no_result", f"The worker ended early{where}, without a result.", "The log holds the details."
    return "error", f"The worker ended{where} with exit code {code}.", "The log holds the details."


def _signalled(code: int, where: str) -> tuple[FailureKind, str, str]:
    if code == -9:
        return "killed", f"The worker was killed from outside{where}.", ""
    if code == -7:
        return "crashed", f"A file that the worker was reading was cut or removed{where}.", "Check the disk that holds the model."
    return "crashed", f"The worker crashed{where} ({_signal_name(-code)}).", "The log holds the details."


def _where(began: bool, run: Run) -> str:
    if not began:
        return " before its work began"
    return f" at step {run.step} of {run.total_steps}" if run.total_steps else ""


def _what_is_safe(run: Run, folder: Path) -> str:
    if not run.total_steps:
        return "Nothing was changed."
    newest = _newest_checkpoint(folder)
    if newest is not None:
        return f"The checkpoint of step {newest} is safe."
    none = "No checkpoint is there any more" if run.checkpoints else "No checkpoint had been saved yet"
    return f"{none}, so training starts again from the beginning."


def _newest_checkpoint(folder: Path) -> int | None:
    """The disk is asked, not the events: a checkpoint may have been removed, or its event lost when the disk was full."""
    return max(checkpoint_steps(folder), default=None)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
