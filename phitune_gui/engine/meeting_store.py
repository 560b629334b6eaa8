"""The board of a meeting as torch wants it, so that its processes find each other there and torch opens no port for that."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from torch import distributed

_PATIENCE = timedelta(seconds=30)
_LOOK_SECONDS = 0.05


class MeetingStore(distributed.Store):
    """torch calls these methods, also from threads of its own and by the names that it expects; they need the object to stay alive."""

    def __init__(self, ask: Callable[[list[Any]], Any]) -> None:
        super().__init__()
        self._ask = ask

    def set(self, key: str, value: bytes) -> None:
        """Write an entry."""
        self._ask(["set", key, value.decode("latin-1")])

    def get(self, key: str) -> bytes:
        """The entry, once it is there."""
        self.wait([key])
        return self._ask(["get", key]).encode("latin-1")

    def add(self, key: str, amount: int) -> int:
        """Count up, and return the sum."""
        return self._ask(["add", key, amount])

    def check(self, keys: list[str]) -> bool:
        """Whether all are there."""
        return self._ask(["has", keys])

    def wait(self, keys: list[str], timeout: timedelta = _PATIENCE) -> None:
        """Return when all are there; RuntimeError when they do not come."""
        until = time.monotonic() + timeout.total_seconds()
        while not self.check(keys):
            if time.monotonic() > until:
                raise distributed.DistStoreError(f"The other processes did not come to the meeting within {timeout.total_seconds():.0f} s.")
            time.sleep(_LOOK_SECONDS)

    def deleteKey(self, key: str) -> bool:  # noqa: N802  torch's spelling
        """Remove an entry."""
        return self._ask(["delete", key])

    def clone(self) -> "MeetingStore":
        """This one, which any thread may use."""
        return self
