"""Turns what a library raised into a sentence that says what happened, what is safe and what to do."""

import errno
import shutil
import traceback
from pathlib import Path

from phitune_gui.core.checkpoint_name import checkpoint_step
from phitune_gui.core.events import FailureKind, JobFailed
from phitune_gui.core.names import CHECKPOINTS_FOLDER
from phitune_gui.core.problem import CannotStart

ENOUGH_DISK = 200 * 1024 * 1024
"""Bytes. Libraries never say that the disk is full, so a failure with less than this left is called just that."""

_NO_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""The disk is full, or this person's share of it; Windows knows only the first."""
_EXCHANGE_WORDS = ("gloo/transport", "NCCL error", "Connection closed by peer", "The connection to the first machine broke")
_MEMORY_WORDS = ("can't allocate memory", "out of memory", "not enough memory", "cannot allocate memory", "bad allocation", "bad_alloc")


class NotFinite(Exception):
    """The loss was not a number several steps in a row."""

    def __init__(self, step: int, checkpoint: int | None, learning_rate: float) -> None:
        kept = f"Last checkpoint: {checkpoint}." if checkpoint else "There is no checkpoint yet."
        super().__init__(f"Loss became NaN at step {step}. {kept}")
        self.hint = f"Try a lower learning rate (now {_short(learning_rate)}), or the number format float32."


class CheckFailed(Exception):
    """A check that protects the person from a wrong result did not pass."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class NetworkFailed(Exception):
    """Something that had to be fetched could not be."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class ExchangeBroken(Exception):
    """Another process or machine of the training is gone."""


def explain(exception: BaseException, folder: Path) -> JobFailed:
    """The `JobFailed` of an exception raised while working on `folder`, whose disk is looked at right now."""
    kind, message, hint = _explained(exception, folder)
    hint = f"{hint} {_what_is_safe(folder)}".strip()
    return JobFailed(kind=kind, message=message, hint=hint, traceback="".join(traceback.format_exception(exception)))


def _explained(exception: BaseException, folder: Path) -> tuple[FailureKind, str, str]:
    own = _own_words(exception)
    if own is not None:
        return own
    if _is_out_of_memory(exception):
        hint = "Halve 'Rows at a time', shorten 'Longest conversation', switch on 'Save memory (slower)', or choose QLoRA."
        return "out_of_memory", "The machine ran out of memory.", hint
    if getattr(exception, "errno", None) in _NO_SPACE or _free_bytes(folder) < ENOUGH_DISK:
        hint = "Free some space or choose another folder for runs and exports, then go on."
        return "disk_full", f"The disk that holds {getattr(exception, 'filename', None) or folder} is full.", hint
    if type(exception).__name__ == "SafetensorError":
        hint = "Copy or download the model's .safetensors files again; the folder is untouched."
        return "bad_model", f"A weight file cannot be read: {_last_line(exception)}", hint
    return "error", f"The work stopped: {_last_line(exception)}", "The details are in log.txt."


def _what_is_safe(folder: Path) -> str:
    """The newest checkpoint of a run's folder in a sentence; other jobs have none to speak of."""
    names = (path.name for path in (folder / CHECKPOINTS_FOLDER).glob("step-*"))
    newest = max((step for name in names if (step := checkpoint_step(name)) is not None), default=None)
    return "" if newest is None else f"The checkpoint of step {newest} is safe."


def _own_words(exception: BaseException) -> tuple[FailureKind, str, str] | None:
    if isinstance(exception, CannotStart):
        problem = exception.problem
        return _kind_of(problem.where), problem.what, problem.how_to_fix
    if isinstance(exception, NotFinite):
        return "not_finite", str(exception), exception.hint
    if isinstance(exception, CheckFailed):
        return "check_failed", str(exception), exception.hint
    if isinstance(exception, NetworkFailed):
        return "network", str(exception), exception.hint
    if isinstance(exception, ExchangeBroken):
        return "crashed", str(exception), "Look at the other machines for the reason."
    if isinstance(exception, RuntimeError) and any(word in str(exception) for word in _EXCHANGE_WORDS):
        what = "The connection to another process or machine broke, so the training cannot go on."
        return "crashed", what, "Look there for the reason."
    return None


def _kind_of(where: str) -> FailureKind:
    if where.startswith("data"):
        return "bad_data"
    return "bad_model" if where.startswith("model") else "error"


def _is_out_of_memory(exception: BaseException) -> bool:
    """torch says it by type on GPUs and by words on the CPU: `DefaultCPUAllocator: can't allocate memory`."""
    if isinstance(exception, MemoryError) or type(exception).__name__ == "OutOfMemoryError":
        return True
    text = str(exception).lower()
    return isinstance(exception, RuntimeError | OSError) and any(words in text for words in _MEMORY_WORDS)


def _free_bytes(folder: Path) -> int:
    existing = next((place for place in (folder, *folder.parents) if place.exists()), Path.cwd())
    return shutil.disk_usage(existing).free


def _last_line(exception: BaseException) -> str:
    """The last line a library said, without errno numbers, closed as a sentence."""
    if isinstance(exception, OSError) and exception.strerror:
        place = f" ({exception.filename})" if exception.filename else ""
        return f"{exception.strerror}{place}."
    lines = [line.strip() for line in str(exception).splitlines() if line.strip()]
    words = lines[-1] if lines else f"{type(exception).__name__} without a word"
    return words if words.endswith(".") else f"{words}."


def _short(number: float) -> str:
    mantissa, _, exponent = f"{number:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
