"""One job's folder and the process that works on it: start, follow, and exactly one ending."""

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
from phitune_gui.jobs.endings import count_endings, end_of, write_ending
from phitune_gui.jobs.exit_reasons import Exit, oom_kills
from phitune_gui.jobs.worker_file import end_worker, kill_group, worker_lives
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
        self._endings = 0
        self._before = (0, 0)
        """Attempts and endings that the folder held before `start`."""
        self._asked = ""

    def start(self, fetches: bool = False) -> None:
        """Start the worker on the folder's job, in its own session, so that a Ctrl-C in a terminal does not reach it."""
        self.read()
        self.ended = False
        self._before = (self.run.attempt, self._endings)
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
        """Events since the last call. When the worker is gone without a last event, that event is written and returned here.

        Where it cannot be written, as on a full disk, only this supervisor knows it.
        """
        gone = not self.alive
        events = self._take()
        if gone and not self.ended and self._began():
            events += self._end()
        return events

    def _end(self) -> list[Event]:
        code = self._process.returncode if self._process else None
        attempts, endings = self._before
        began = self._process is None or self.run.attempt > attempts
        ending = end_of(self.folder, self.run, Exit(code, "", oom_kills() - self._oom_kills, self._asked, began))
        try:
            write_ending(self.folder, ending, endings if self._process else None)
        except OSError:
            return self._apply([ending])
        return self._take()

    def follow(self) -> Iterator[list[Event]]:
        """Batches of events until the attempt has ended and its process is gone; blocks between them."""
        while True:
            events = self.read()
            if events:
                yield events
            if self.ended and not self.alive:
                return
            time.sleep(POLL_SECONDS)

    def kill(self, asked: str = "as asked") -> None:
        """End the worker and everything that it started, at once. The next `read` says how it ended, and who `asked` ("by Ctrl-C")."""
        if not self.alive:
            return
        self._asked = asked
        if self._process is not None:
            kill_group(self._process.pid)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
        else:
            end_worker(self.folder)

    def wait_for_end(self, timeout: float) -> bool:
        """Follow without telling anybody: whether the attempt has ended and its process is gone within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            self.read()
            if self.ended and not self.alive:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)

    def wait(self, timeout: float) -> bool:
        """Whether the worker's process is gone within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.alive and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return not self.alive

    def _began(self) -> bool:
        return self._process is not None or self.run.attempt > 0

    def _take(self) -> list[Event]:
        return self._apply(decode_lines(self._tail.read()))

    def _apply(self, events: list[Event]) -> list[Event]:
        self.run = apply_all(self.run, events)
        self._endings += count_endings(events)
        for event in events:
            if isinstance(event, AttemptBegan):
                self.ended = False
            elif isinstance(event, LAST):
                self.ended = True
        return events
