"""One writer per folder: a lock that the system releases by itself when its holder dies."""

from pathlib import Path

from filelock import FileLock, Timeout


class Lock:
    """A lock file; held by at most one process, never by a dead one."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path, thread_local=False)

    def acquire(self) -> bool:
        """Take the lock without waiting; False when another process holds it. Raises OSError where no lock can be made."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        self._lock.release()


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock at `path`; one that this process may not open counts as free."""
    if not path.is_file():
        return False
    lock = Lock(path)
    try:
        if not lock.acquire():
            return True
    except OSError:
        return False
    lock.release()
    return False
