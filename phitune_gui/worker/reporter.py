"""What the engine talks to: events out, requests in, life signs by threads of their own, exactly one ending."""

import os
import queue
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
from pydantic import ValidationError

from phitune_gui.core import events as e
from phitune_gui.core import names
from phitune_gui.core.job import Job, Request, StopRequest, request_from_json
from phitune_gui.core.run import Run
from phitune_gui.files.lines import LineAppender, LineTail
from phitune_gui.files.reserve import free_reserve, keep_reserve

POLL_SECONDS = 0.05


class FolderReporter:
    """Writes the events of one attempt to the job's folder and reads requests from it; every method may be called from any thread."""

    def __init__(self, folder: Path, job: Job) -> None:
        self.folder = folder
        self._job = job
        self._reserve = folder / names.RESERVE_FILE
        keep_reserve(self._reserve)
        self._appender = LineAppender(folder / names.EVENTS_FILE, self._reserve)
        self._lock = threading.RLock()
        self._ended = False
        self._last_written = time.monotonic()
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._control = LineTail(folder / names.CONTROL_FILE, job.control_from)

    def begin(self, earlier: Run, from_step: int) -> None:
        """Open the attempt and start listening."""
        self.emit(e.AttemptBegan(attempt=earlier.attempt + 1, from_step=from_step, pid=os.getpid()))
        threading.Thread(target=self._watch, name="phitune-watch", daemon=True).start()

    def emit(self, event: e.Event) -> None:
        """Append one event; after the last one nothing more is written. A full disk loses figures, never the run."""
        with self._lock:
            if self._ended:
                return
            last = isinstance(event, e.LAST)
            append = self._appender.append_last if last else self._appender.append
            try:
                append(e.event_to_line(event.model_copy(update={"at": time.time()})))
                if last or isinstance(event, e.CheckpointSaved):
                    self._appender.sync()
            except OSError:
                if last:
                    raise
            self._ended = last
            if last:
                free_reserve(self._reserve)
            self._last_written = time.monotonic()

    def poll(self) -> list[Request]:
        """Requests since the last call, oldest first."""
        requests: list[Request] = []
        while not self._requests.empty():
            requests.append(self._requests.get_nowait())
        return requests

    def ask_to_stop(self) -> None:
        """What a SIGTERM means: as if the person had asked to stop and save."""
        self._requests.put(StopRequest(request="stop", id="signal", at=time.time()))

    def _watch(self) -> None:
        while not self._ended:
            for line in self._control.read():
                self._take(line)
            if time.monotonic() - self._last_written > names.HEARTBEAT_SECONDS * 0.8:
                self.emit(e.Heartbeat())
            if self._job.parent_pid and not psutil.pid_exists(self._job.parent_pid):
                self._end_at_once("vanished", "The program that wanted this result is gone.", "Ask again.")
            time.sleep(POLL_SECONDS)

    def _take(self, line: bytes) -> None:
        try:
            request = request_from_json(line)
        except ValidationError:
            return
        if request.request == "kill":
            self.emit(e.Acknowledged(id=request.id, request="kill"))
            self._end_at_once("killed", "Stopped at once, as asked.", "What had been saved before is safe.")
        self._requests.put(request)

    def _end_at_once(self, kind: e.FailureKind, message: str, hint: str) -> None:
        with suppress(OSError):
            self.emit(e.JobFailed(kind=kind, message=message, hint=hint))
        if os.name == "posix" and os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(names.EXIT_FAILED)
