"""Finds out in which encoding a text file is written, and reads any of them as UTF-8."""

import codecs
import io
from typing import BinaryIO

SAMPLE_BYTES = 1 << 16
CHECK_BYTES, PACKED_CHECK_BYTES = 1 << 26, 1 << 22
"""How far a plain and a packed file are checked to be UTF-8; what breaks after that is rejected row by row."""
_LINES_BEFORE = 4096
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "UTF-8 with BOM"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
NAMES = {
    "UTF-8": "utf-8", "UTF-8 with BOM": "utf-8-sig", "UTF-16": "utf-16", "UTF-32": "utf-32", "UTF-16 without BOM (LE)": "utf-16-le",
    "UTF-16 without BOM (BE)": "utf-16-be", "Windows-1252": "cp1252", "Windows-1251": "cp1251", "Shift JIS": "cp932", "EUC-JP": "euc_jp",
    "GB 18030": "gb18030", "Big5": "big5", "Korean (CP949)": "cp949",
}  # fmt: skip
"""The encodings PhiTune tells apart, as a person calls them, with Python's names. The last seven are guesses by their bytes."""
_GUESSED = list(NAMES.values())[-7:]
_USUAL = "Windows-1252"


def detect_encoding(file: BinaryIO, check_bytes: int = CHECK_BYTES) -> str:
    """A key of NAMES for the file's bytes, told by its byte order mark, by being valid UTF-8, or by the look of its text."""
    head = file.read(SAMPLE_BYTES)
    for mark, name in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    if (wide := _wide_without_mark(head)) is not None:
        return wide
    around = _first_invalid(head, file, check_bytes)
    return "UTF-8" if around is None or _mostly_utf8(around) else _guess(around)


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 of Latin text has a zero byte beside every letter."""
    even, odd = head[0::2], head[1::2]
    if odd and odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
        return "UTF-16 without BOM (LE)"
    if even and even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "UTF-16 without BOM (BE)"
    return None


def _first_invalid(head: bytes, file: BinaryIO, check_bytes: int) -> bytes | None:
    """The lines around the first byte that is no UTF-8 in `head` and what follows; None when all is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before, chunk = b"", head
    for _ in range(check_bytes // SAMPLE_BYTES):
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            tail = before[-_LINES_BEFORE:]
            if len(before) > _LINES_BEFORE and b"\n" in tail:
                tail = tail.partition(b"\n")[2]
            return tail + chunk + file.readline(SAMPLE_BYTES)
        if not chunk:
            return None
        before, chunk = chunk, file.read(SAMPLE_BYTES)
    return None


def _mostly_utf8(sample: bytes) -> bool:
    """True when more lines hold valid UTF-8 letters than broken ones: a UTF-8 file with damaged lines, not another encoding."""
    lines = [line for line in sample.splitlines() if not line.isascii()]
    valid = sum(1 for line in lines if _is_utf8(line))
    return valid > len(lines) - valid


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_GUESSED, enable_fallback=False).best()
    return next((name for name, codec in NAMES.items() if best is not None and codec == best.encoding), _USUAL)


class AsUtf8(io.RawIOBase):
    """A text file in any encoding, read as the bytes of its UTF-8; letters that cannot be read become U+FFFD."""

    def __init__(self, file: BinaryIO, codec: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(codec)(errors="replace")
        self._ready = b""
        self._read = self._made = 0

    @property
    def growth(self) -> float:
        """Bytes of UTF-8 per byte of the file, as far as it was read."""
        return self._made / self._read if self._read else 1.0

    def readable(self) -> bool:
        """True, as every file that is read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill `buffer` with the next bytes; 0 at the end of the file."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._ready:
            chunk = self._file.read(SAMPLE_BYTES)
            self._ready = self._decoder.decode(chunk, final=not chunk).encode("utf-8", errors="replace")
            self._read += len(chunk)
            self._made += len(self._ready)
            if not chunk and not self._ready:
                return 0
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        """Close the file below as well."""
        self._file.close()
        super().close()
