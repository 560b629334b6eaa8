"""The other processes of a training that is spread over several: started, watched, and ended with this one."""

import os
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from phitune_gui.catalog.launchers import launcher as offered
from phitune_gui.core.address import read_address
from phitune_gui.core.recipe import LauncherSection
from phitune_gui.jobs.command import own_command
from phitune_gui.jobs.network import interface_to

RANK = "RANK"
"""The environment's name for a process's number; only the other processes have it before they start."""
GRACE_SECONDS = 10.0
"""How long this process may take to notice by itself that another one is gone."""


class Lost(Exception):
    """Another process of the training ended before the training did."""


class Company:
    """The processes with numbers 1 and up; this one is number 0."""

    def __init__(self, folder: Path, launcher: LauncherSection, machine: int) -> None:
        self.size = launcher.processes
        self._meeting = folder / f".meeting-{secrets.token_hex(6)}"
        self._done = threading.Event()
        first = (machine - 1) * self.size
        shared = {**_environment(self._meeting, launcher), **offered(launcher.id).environment}
        os.environ.update({**shared, RANK: str(first), "LOCAL_RANK": "0"})
        # In this process's group and with its output, so that whoever ends the worker ends them too.
        self._others = [
            subprocess.Popen(
                own_command("--worker", str(folder)),
                env={**os.environ, RANK: str(first + local), "LOCAL_RANK": str(local)},
                stdin=subprocess.DEVNULL,
            )
            for local in range(1, self.size)
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
def company(folder: Path, launcher: LauncherSection, lost: Callable[[str], None], machine: int = 1) -> Iterator[None]:
    """Train together with the launcher's other processes for the length of the block; an error that comes from losing one is told as Lost.

    This is the first process of `machine`. What the others and the training libraries must find in the environment is there afterwards.
    """
    if launcher.all_processes == 1:
        yield
        return
    others = Company(folder, launcher, machine)
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


def _environment(meeting: Path, launcher: LauncherSection) -> dict[str, str]:
    """What torch, accelerate and the engine read; on one machine all connections stay on the loopback interface."""
    numbers = {"WORLD_SIZE": str(launcher.all_processes), "LOCAL_WORLD_SIZE": str(launcher.processes), "PHITUNE_MEETING": str(meeting)}
    places = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
    if launcher.nodes == 1:
        return {**numbers, **places, **_by_interface("lo" if os.name == "posix" else "")}
    address = read_address(os.environ.get("PHITUNE_PLACE") or launcher.rendezvous)
    machines = {"PHITUNE_PLACE": str(address), "PHITUNE_KEY": os.environ.get("PHITUNE_KEY") or secrets.token_hex(16)}
    return {**numbers, **places, **machines, **_by_interface(interface_to(address))}


def _by_interface(name: str) -> dict[str, str]:
    return {"GLOO_SOCKET_IFNAME": name, "NCCL_SOCKET_IFNAME": name}
