"""The other processes of a training that is spread over several: started, watched, and ended with this one."""

import os
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from phitune_gui.jobs.command import own_command

RANK = "RANK"
"""The environment's name for a process's number; only the other processes have it before they start."""
GRACE_SECONDS = 10.0
"""How long this process may take to notice by itself that another one is gone."""


class Lost(Exception):
    """Another process of the training ended before the training did."""


class Company:
    """The processes with numbers 1 and up; this one is number 0."""

    def __init__(self, folder: Path, size: int, settings: Mapping[str, str]) -> None:
        self.size = size
        self._meeting = folder / f".meeting-{secrets.token_hex(6)}"
        self._done = threading.Event()
        shared = {**_environment(self._meeting, size), **settings}
        os.environ.update({**shared, RANK: "0", "LOCAL_RANK": "0"})
        # In this process's group and with its output, so that whoever ends the worker ends them too.
        self._others = [
            subprocess.Popen(
                own_command("--worker", str(folder)), env={**os.environ, RANK: str(rank), "LOCAL_RANK": str(rank)}, stdin=subprocess.DEVNULL
            )
            for rank in range(1, size)
        ]

    def watch(self, lost: Callable[[str], None]) -> None:
        """Call `lost` from a thread of its own when another process ends badly and this one has not noticed."""
        threading.Thread(target=self._watch, args=(lost,), name="phitune-company", daemon=True).start()

    def loss(self) -> str:
        """Which process is gone and how; empty when none is."""
        for rank, process in enumerate(self._others, 2):
            code = process.poll()
            if code:
                how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
                return f"Process {rank} of {self.size} {how}, so the training cannot go on."
        return ""

    def close(self) -> None:
        """End what still runs; after a good end the others have left by themselves."""
        self._done.set()
        for process in self._others:
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS if process.poll() is None and not self.loss() else 0)
            if process.poll() is None:
                process.kill()
                process.wait()
        self._meeting.unlink(missing_ok=True)

    def _watch(self, lost: Callable[[str], None]) -> None:
        while not self._done.wait(0.2):
            if what := self.loss():
                if not self._done.wait(GRACE_SECONDS):
                    lost(what)
                return


@contextmanager
def company(folder: Path, size: int, lost: Callable[[str], None], settings: Mapping[str, str]) -> Iterator[None]:
    """Train together with `size` - 1 others for the length of the block; an error that comes from losing one is told as Lost.

    `settings` go into the environment of all of them, and must be there before the training libraries are loaded.
    """
    if size == 1:
        yield
        return
    others = Company(folder, size, settings)
    others.watch(lost)
    try:
        yield
    except Exception as error:
        time.sleep(0.5)  # the exchange fails before the system says how the other process ended
        if what := others.loss():
            raise Lost(what) from error
        raise
    finally:
        others.close()


def follow_parent() -> None:
    """End this process as soon as the first one is gone, from which it was started."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=look, name="phitune-parent", daemon=True).start()


def _environment(meeting: Path, size: int) -> Mapping[str, str]:
    """What torch and accelerate read; gloo's connections stay on the loopback interface."""
    numbers = {"WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size), "PHITUNE_MEETING": str(meeting)}
    return {**numbers, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "GLOO_SOCKET_IFNAME": "lo" if os.name == "posix" else ""}
