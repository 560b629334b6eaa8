"""Which rows were read before: a set of 128-bit keys in about 32 bytes each, a third of what Python's own set of bytes takes."""

from array import array
from collections.abc import Iterator

KEY_BYTES = 16
_FREE = -1
_FIRST_SLOTS = 1 << 10


class KeySet:
    """Different keys of KEY_BYTES random bytes, in the order in which they came."""

    def __init__(self) -> None:
        self._keys = bytearray()
        self._count = 0
        self._slots = array("i", [_FREE]) * _FIRST_SLOTS
        """Open addressing, at most half full: the place of a key among `_keys`."""

    def __len__(self) -> int:
        return self._count

    def add(self, key: bytes) -> bool:
        """Whether the key is new; from then on it is not."""
        slot = self._slot(key)
        if self._slots[slot] != _FREE:
            return False
        self._slots[slot] = self._count
        self._keys += key
        self._count += 1
        if 2 * self._count > len(self._slots):
            self._widen()
        return True

    def __contains__(self, key: bytes) -> bool:
        return self._slots[self._slot(key)] != _FREE

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._keys), KEY_BYTES):
            yield bytes(self._keys[start : start + KEY_BYTES])

    def joined(self) -> bytes:
        """All keys, one behind the other."""
        return bytes(self._keys)

    def _slot(self, key: bytes) -> int:
        """Where the key is, or where it belongs."""
        keys, slots, last = self._keys, self._slots, len(self._slots) - 1
        slot = int.from_bytes(key[:8], "little") & last
        while (place := slots[slot]) != _FREE and keys[place * KEY_BYTES : (place + 1) * KEY_BYTES] != key:
            slot = (slot + 1) & last
        return slot

    def _widen(self) -> None:
        self._slots = array("i", [_FREE]) * (2 * len(self._slots))
        for place, key in enumerate(self):
            self._slots[self._slot(key)] = place
