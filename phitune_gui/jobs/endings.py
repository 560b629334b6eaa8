"""The ending that a dead worker could not write itself: one event, one sentence, by whoever notices first."""

import errno
from contextlib import suppress
from pathlib import Path

from phitune_gui.core import names
from phitune_gui.core.events import LAST, AttemptBegan, Event, JobFailed, event_to_line
from phitune_gui.core.job import job_from_json
from phitune_gui.core.run import Run, apply, apply_all
from phitune_gui.files.atomic import sweep_abandoned
from phitune_gui.files.lines import LineAppender
from phitune_gui.files.lock import Lock
from phitune_gui.files.regular import open_regular, read_regular
from phitune_gui.files.reserve import free_reserve
from phitune_gui.jobs.exit_reasons import Exit, explain_exit
from phitune_gui.jobs.worker_file import started_this_boot, worker_lives
from phitune_gui.store.runs import read_events

LOG_TAIL_BYTES = 20_000


def end_of(folder: Path, run: Run, gone: Exit) -> JobFailed:
    """Why the worker is gone, from what is known of its exit and the end of its log."""
    return explain_exit(gone._replace(log=log_tail(folder), same_boot=started_this_boot(folder)), run, folder)


def write_ending(folder: Path, ending: JobFailed, earlier: int | None = None) -> bool:
    """Append the ending unless another process did or a worker lives; True when this call wrote it. Raises OSError.

    `earlier` is the number of endings that the folder held before the worker started: where no other came since and no attempt is open,
    the worker was gone before its attempt began, and the ending gets an attempt of its own.
    """
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder is gone", str(folder))
    lock = Lock(folder / names.LOCK_FILE)
    if not lock.acquire():
        return False
    try:
        events = read_events(folder)
        run = apply_all(Run(), events)
        if run.ended and (earlier is None or count_endings(events) > earlier):
            return False
        opening = [AttemptBegan(at=ending.at, attempt=run.attempt + 1, from_step=run.step, pid=0)] if run.ended else []
        _append_last(folder, [*opening, ending])
    finally:
        lock.release()
    _clear_after(folder)
    return True


def count_endings(events: list[Event]) -> int:
    """How many attempts these events end."""
    return sum(isinstance(event, LAST) for event in events)


def _append_last(folder: Path, events: list[Event]) -> None:
    reserve = folder / names.RESERVE_FILE
    appender = LineAppender(folder / names.EVENTS_FILE, reserve)
    try:
        appender.append_last(b"".join(map(event_to_line, events)))
        appender.sync()
    finally:
        appender.close()
    free_reserve(reserve)


def _clear_after(folder: Path) -> None:
    """Remove what the dead worker had half written outside its own folder, as a killed export does."""
    with suppress(OSError, ValueError):
        out = getattr(job_from_json(read_regular(folder / names.JOB_FILE)), "out", None)
        if out:
            sweep_abandoned(Path(out).parent)


def settle(folder: Path, run: Run) -> Run:
    """The run with its ending, which is written when its worker died unseen, as after a power loss.

    Where it cannot be written (a read-only disk, a folder that is gone) the run is only judged.
    """
    if run.ended or run.state == "queued" or worker_lives(folder):
        return run
    ending = end_of(folder, run, Exit())
    try:
        write_ending(folder, ending)
        return apply_all(Run(), read_events(folder))
    except OSError:
        return apply(run, ending.model_copy(update={"at": run.last_at or ending.at}))


def log_tail(folder: Path) -> str:
    """The end of the worker's log, for the details of a failure."""
    try:
        with open_regular(folder / names.LOG_FILE) as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
