"""Who works on a folder: `worker.json` names the process, and this module says whether it still lives."""

import json
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from phitune_gui.core import names
from phitune_gui.files.atomic import write_text
from phitune_gui.files.lock import is_held


def write_worker_file(folder: Path) -> None:
    """Name this process as the folder's worker. Raises OSError."""
    process = psutil.Process()
    document = {
        "pid": process.pid, "started": process.create_time(), "host": platform.node(), "boot_id": _boot_id(),
        "protocol": names.PROTOCOL,
    }  # fmt: skip
    write_text(folder / names.WORKER_FILE, json.dumps(document) + "\n")


def worker_lives(folder: Path) -> bool:
    """Whether the process named in the folder's worker file runs, on this machine, since the same start."""
    document = _read(folder)
    if not document:
        return False
    if document.get("host") != platform.node():
        # Another machine on a shared disk: only its lock can tell.
        return is_held(folder / names.LOCK_FILE)
    if document.get("boot_id") != _boot_id():
        return False
    with suppress(psutil.Error, KeyError, TypeError, ValueError):
        process = psutil.Process(int(document["pid"]))
        same = abs(process.create_time() - float(document["started"])) < 1.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    return False


def started_this_boot(folder: Path) -> bool:
    """Whether the folder's worker was started on this machine since the machine itself was."""
    document = _read(folder)
    return document.get("host") == platform.node() and document.get("boot_id") == _boot_id()


def _read(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads((folder / names.WORKER_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    if os.name == "posix" and path.exists():
        return path.read_text("ascii").strip()
    return str(int(psutil.boot_time()))
