"""One job's folder and the process that works on it: start, follow, and exactly one ending."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from phitune_gui.core import names
from phitune_gui.core.events import LAST, AttemptBegan, Event
from phitune_gui.core.run import Run, apply_all
from phitune_gui.files.lines import LineTail
from phitune_gui.jobs.command import worker_command, worker_environment
from phitune_gui.jobs.endings import end_of, write_ending
from phitune_gui.jobs.exit_reasons import oom_kills
from phitune_gui.jobs.worker_file import worker_lives
from phitune_gui.store.runs import decode_lines

POLL_SECONDS = 0.03


class Supervisor:
    """Follows a job's folder; `start` makes the worker, without it a worker that runs already is followed.

    `read` never blocks and may be called from any one thread. After the attempt's last event `ended` is true.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = Run()
        self.ended = False
        self._tail = LineTail(folder / names.EVENTS_FILE)
        self._process: subprocess.Popen[bytes] | None = None
        self._oom_kills = oom_kills()

    def start(self, fetches: bool = False) -> None:
        """Start the worker on the folder's job, in its own session, so that a Ctrl-C in a terminal does not reach it."""
        self.read()
        self.ended = False
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        with (self.folder / names.LOG_FILE).open("ab") as log:
            self._process = subprocess.Popen(
                worker_command(str(self.folder)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=worker_environment(fetches), start_new_session=True, creationflags=flags,
            )  # fmt: skip

    @property
    def alive(self) -> bool:
        """Whether a process works on the folder."""
        if self._process is not None:
            return self._process.poll() is None
        return worker_lives(self.folder)

    def read(self) -> list[Event]:
        """Events since the last call. When the worker is gone without a last event, that event is written and returned here."""
        gone = not self.alive
        events = self._take()
        if gone and not self.ended and self._began():
            code = self._process.returncode if self._process else None
            write_ending(self.folder, end_of(self.folder, self.run, code, oom_kills() - self._oom_kills))
            events += self._take()
        return events

    def follow(self) -> Iterator[list[Event]]:
        """Batches of events until the attempt has ended and its process is gone; blocks between them."""
        while True:
            events = self.read()
            if events:
                yield events
            if self.ended and not self.alive:
                return
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """End the worker and everything that it started, at once. The next `read` says how it ended."""
        if self._process is not None:
            _kill_group(self._process.pid)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
        elif worker_lives(self.folder):
            _kill_group(self.run.pid)

    def wait(self, timeout: float) -> bool:
        """Whether the worker's process is gone within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.alive and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return not self.alive

    def _began(self) -> bool:
        return self._process is not None or self.run.attempt > 0

    def _take(self) -> list[Event]:
        events = decode_lines(self._tail.read())
        self.run = apply_all(self.run, events)
        for event in events:
            if isinstance(event, AttemptBegan):
                self.ended = False
            elif isinstance(event, LAST):
                self.ended = True
        return events


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL)
