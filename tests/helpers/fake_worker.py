"""A worker whose engine follows a script: everything around the engine is the real thing.

python fake_worker.py FOLDER        with FOLDER/script.json: a list of [word, argument] steps
"""

import json
import os
import signal
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

from phitune_gui.core import events as e
from phitune_gui.core.job import Job
from phitune_gui.files.atomic import work_folder
from phitune_gui.worker import work as real
from phitune_gui.worker.reporter import FolderReporter


def play(_job: Job, reporter: FolderReporter) -> e.Event:
    """Follow the script; without an `end` in it the engine finishes well."""
    for word, argument in json.loads((reporter.folder / "script.json").read_text("utf-8")):
        ending = _STEPS[word](reporter, argument)
        if ending is not None:
            return ending
    return e.JobFinished(artifacts={"adapter": "adapter"})


def _emit(reporter: FolderReporter, argument: str) -> None:
    reporter.emit(e.event_from_line(argument))


def _junk(_reporter: FolderReporter, argument: str) -> None:
    print(argument, flush=True)
    os.write(1, argument.encode() + b"\xff\xfe\n")


def _wait_for_request(reporter: FolderReporter, argument: str) -> e.Event | None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for request in reporter.poll():
            reporter.emit(e.Acknowledged(id=request.id, request=request.request))
            return e.JobFinished(stopped_early=True) if argument == "end" else None
        time.sleep(0.01)
    raise TimeoutError("nobody asked")


def _fail(_reporter: FolderReporter, argument: str) -> None:
    raise {"value": ValueError, "memory": MemoryError}[argument]("scripted")


def _die(_reporter: FolderReporter, argument: str) -> None:
    os.kill(os.getpid(), getattr(signal, argument))
    time.sleep(5)


def _leave(_reporter: FolderReporter, out: str) -> None:
    _LEFT.append(work_folder(Path(out)))
    (_LEFT[-1].__enter__() / "half").touch()


_LEFT: list[AbstractContextManager[Path]] = []
_STEPS = {
    "leave": _leave,
    "emit": _emit,
    "junk": _junk,
    "sleep": lambda _reporter, argument: time.sleep(argument),
    "wait": _wait_for_request,
    "fail": _fail,
    "die": _die,
    "exit": lambda _reporter, argument: os._exit(argument),
}

if __name__ == "__main__":
    real._do = play
    sys.exit(real.work(Path(sys.argv[1])))
