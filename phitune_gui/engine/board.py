"""What the machines of a run tell each other: entries by name, kept by the first machine, asked for one request at a time."""

import threading
from typing import Any


class Board:
    """Texts by their names; any thread may ask."""

    def __init__(self, entries: dict[str, str]) -> None:
        self._entries = dict(entries)
        self._lock = threading.Lock()

    def answer(self, request: Any) -> Any:
        """Do what a request of another process asks for. Raises ValueError when it is none."""
        with self._lock:
            match request:
                case ["get", str(name)]:
                    return self._entries.get(name)
                case ["set", str(name), str(text)]:
                    self._entries[name] = text
                    return None
                case ["add", str(name), int(amount)]:
                    self._entries[name] = str(int(self._entries.get(name, "0")) + amount)
                    return int(self._entries[name])
                case ["has", [*names]]:
                    return all(isinstance(name, str) and name in self._entries for name in names)
                case ["delete", str(name)]:
                    return self._entries.pop(name, None) is not None
        raise ValueError("This is no request.")
