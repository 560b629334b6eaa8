"""The data desk: a warm child without torch that opens strangers' files, so that a bad one cannot take the window down."""

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any

from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.jobs.command import worker_command, worker_environment

TIMEOUT_SECONDS = 600.0
"""Without a word; how long an answer takes that tells how far it is does not matter."""
Told = Callable[[float, int], None]
"""Hears of (part that is done, rows so far), in the thread that asks."""
MAX_REPLY_BYTES = 256 * 1024 * 1024


class Cancelled(Exception):
    """The question was taken back before it was answered."""


class DataDesk:
    """Asks the desk's process one thing at a time; a crashed or stuck process is replaced. Safe to call from several threads."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()
        self._closed = False
        self._asked, self._cancelled = "", False
        self._number = 0

    def warm_up(self) -> None:
        """Start the process before it is needed."""
        with self._one_at_a_time:
            self._running()

    def request(self, operation: str, fields: dict[str, Any], timeout: float = TIMEOUT_SECONDS, told: Told | None = None) -> Any:
        """The operation's result as plain JSON data. Raises CannotStart with the desk's sentence, or with one about its end.

        Raises Cancelled when `cancel` was called meanwhile.
        """
        with self._one_at_a_time:
            self._number += 1
            line = json.dumps({"id": self._number, "operation": operation, "fields": fields}).encode() + b"\n"
            if self._cancelled:  # when its answer was already there
                self._end_process()
            self._asked, self._cancelled = operation, False
            reply = self._exchange(line, timeout, told)
            self._asked = ""
            if reply is None and self._cancelled and not self._closed:
                raise Cancelled
        if reply is None:
            raise CannotStart(
                operation, "The file could not be read: the process that opened it ended or took too long.",
                "The file may be damaged or far too large. Try another one.",
            )  # fmt: skip
        if "problem" in reply:
            raise CannotStart.because(Problem.model_validate(reply["problem"]))
        return reply["result"]

    def cancel(self, operation: str) -> None:
        """Take back the question that is being answered, if it is this one; any thread may do so, and it waits for nothing."""
        if self._asked == operation:
            self._cancelled = True
            process = self._process
            if process is not None:
                process.kill()

    def close(self) -> None:
        """End the process for good; a question that waits in another thread is refused at once."""
        self._closed = True
        self._end_process()

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def __enter__(self) -> "DataDesk":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise OSError("the desk is closed")
        process = self._process
        if process is None or process.poll() is not None:
            self._end_process()
            self._process = process = subprocess.Popen(
                worker_command("desk"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=worker_environment(), start_new_session=True, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
            if self._unwanted():
                # Closed or taken back by another thread meanwhile, which saw no process to end yet.
                process.kill()
        return process

    def _unwanted(self) -> bool:
        return self._closed or self._cancelled

    def _exchange(self, line: bytes, timeout: float, told: Told | None) -> dict[str, Any] | None:
        reply = None
        try:
            process = self._running()
            assert process.stdin is not None
            process.stdin.write(line)
            process.stdin.flush()
            while (reply := _parsed(_read_line(process, time.monotonic() + timeout))) is not None and "progress" in reply:
                if told is not None:
                    told(*reply["progress"])
        except OSError:
            pass
        if reply is None:
            self._end_process()
        return reply


def _parsed(answer: bytes) -> dict[str, Any] | None:
    if not answer.endswith(b"\n"):
        return None
    try:
        reply = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return reply if isinstance(reply, dict) else None


def _read_line(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """One line of the process, or what came of it before its end; nothing when the deadline passed first.

    A thread reads, because Windows can wait for sockets with a deadline but not for pipes. It ends with the line or with the process,
    which the caller ends when no line came.
    """
    assert process.stdout is not None
    answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_pass_on_line, args=(process.stdout, answers), name="phitune-desk-reader", daemon=True).start()
    try:
        return answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        return b""


def _pass_on_line(pipe: IO[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    try:
        answers.put(pipe.readline(MAX_REPLY_BYTES))
    except (OSError, ValueError):  # closed meanwhile
        answers.put(b"")
