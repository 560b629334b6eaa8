"""The ending that a dead worker could not write itself: one event, one sentence, by whoever notices first."""

from contextlib import suppress
from pathlib import Path

from phitune_gui.core import names
from phitune_gui.core.events import JobFailed, event_to_line
from phitune_gui.core.job import job_from_json
from phitune_gui.core.run import Run, apply_all
from phitune_gui.files.atomic import sweep_abandoned
from phitune_gui.files.lines import LineAppender
from phitune_gui.files.lock import Lock
from phitune_gui.jobs.exit_reasons import explain_exit
from phitune_gui.jobs.worker_file import started_this_boot, worker_lives
from phitune_gui.store.runs import read_events

LOG_TAIL_BYTES = 20_000


def end_of(folder: Path, run: Run, exit_code: int | None, new_oom_kills: int) -> JobFailed:
    """Why the worker is gone, from its exit code (None when unknown) and the end of its log."""
    return explain_exit(exit_code, log_tail(folder), run, new_oom_kills, started_this_boot(folder))


def write_ending(folder: Path, ending: JobFailed) -> bool:
    """Append the ending unless another process did or a worker lives; True when this call wrote it."""
    lock = Lock(folder / names.LOCK_FILE)
    if not lock.acquire():
        return False
    try:
        run = apply_all(Run(), read_events(folder))
        if run.ended:
            return False
        appender = LineAppender(folder / names.EVENTS_FILE)
        try:
            appender.append(event_to_line(ending))
            appender.sync()
        finally:
            appender.close()
    finally:
        lock.release()
    _clear_after(folder)
    return True


def _clear_after(folder: Path) -> None:
    """Remove what the dead worker had half written outside its own folder, as a killed export does."""
    with suppress(OSError, ValueError):
        out = getattr(job_from_json((folder / names.JOB_FILE).read_text("utf-8")), "out", None)
        if out:
            sweep_abandoned(Path(out).parent)


def settle(folder: Path, run: Run) -> bool:
    """Write the ending of a run whose worker died unseen, as after a power loss. True when the run's events changed."""
    if run.ended or run.state == "queued" or worker_lives(folder):
        return False
    return write_ending(folder, end_of(folder, run, None, 0))


def log_tail(folder: Path) -> str:
    """The end of the worker's log, for the details of a failure."""
    try:
        with (folder / names.LOG_FILE).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
