"""Who works on a folder: `worker.json` names the process, and this module says whether it still lives."""

import json
import os
import platform
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from phitune_gui.core import names
from phitune_gui.files.atomic import write_text
from phitune_gui.files.lock import is_held
from phitune_gui.files.regular import read_object


def write_worker_file(folder: Path) -> None:
    """Name this process as the folder's worker. Raises OSError."""
    process = psutil.Process()
    document = {
        "pid": process.pid, "started": process.create_time(), "host": platform.node(), "boot_id": _boot_id(),
        "folder": str(folder.resolve()), "protocol": names.PROTOCOL,
    }  # fmt: skip
    write_text(folder / names.WORKER_FILE, json.dumps(document) + "\n")


def worker_lives(folder: Path) -> bool:
    """Whether the process named in the folder's worker file runs, on this machine, since the same start, and works on this very folder."""
    document = read_object(folder / names.WORKER_FILE)
    if not document:
        return False
    if document.get("host") != platform.node():
        # Another machine on a shared disk: only its lock can tell.
        return is_held(folder / names.LOCK_FILE)
    return _is_named_for(folder, document) and _process(document) is not None


def end_worker(folder: Path) -> None:
    """Kill the folder's worker and everything that it started; a process that does not hold the folder's lock is left alone."""
    document = read_object(folder / names.WORKER_FILE) or {}
    if document.get("host") != platform.node() or not _is_named_for(folder, document):
        return
    process = _process(document)
    if process is not None and is_held(folder / names.LOCK_FILE):
        kill_group(process.pid)


def stop_by_signal(folder: Path) -> bool:
    """Ask the folder's worker to stop and save by SIGTERM; False where that cannot be, as on Windows or for another machine's worker."""
    document = read_object(folder / names.WORKER_FILE) or {}
    if os.name == "nt" or document.get("host") != platform.node() or not _is_named_for(folder, document):
        return False
    process = _process(document)
    if process is None or not is_held(folder / names.LOCK_FILE):
        return False
    with suppress(psutil.Error):
        process.terminate()
        return True
    return False


def kill_group(pid: int) -> None:
    """Kill a worker by its process group, which it leads; harmless when it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL)


def _is_named_for(folder: Path, document: dict[str, Any]) -> bool:
    """Whether the worker file was written for this folder: a copied or moved one names a worker of another."""
    try:
        return folder.samefile(str(document["folder"]))
    except KeyError:  # written before the file named its folder
        return is_held(folder / names.LOCK_FILE)
    except (OSError, ValueError):
        return False


def _process(document: dict[str, Any]) -> psutil.Process | None:
    with suppress(psutil.Error, KeyError, TypeError, ValueError, ArithmeticError):
        process = psutil.Process(int(document["pid"]))
        same = abs(process.create_time() - float(document["started"])) < 1.0
        if document.get("boot_id") == _boot_id() and same and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def started_this_boot(folder: Path) -> bool:
    """Whether the folder's worker was started on this machine since the machine itself was."""
    document = read_object(folder / names.WORKER_FILE) or {}
    return document.get("host") == platform.node() and document.get("boot_id") == _boot_id()


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    if os.name == "posix" and path.exists():
        return path.read_text("ascii").strip()
    return str(int(psutil.boot_time()))
