"""Unpacks gzip and Zstandard while a file is read, in pieces, and refuses what is damaged or swells like a bomb."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from phitune_gui.core.names import PACKED_SUFFIXES
from phitune_gui.core.problem import CannotStart

PACKINGS = {b"\x1f\x8b\x08": "gzip", b"\x28\xb5\x2f\xfd": "zstd", **{bytes((0x50 + kind,)) + b"\x2a\x4d\x18": "zstd" for kind in range(16)}}
"""How a packed file begins, with pyarrow's name of the packing. The last sixteen are notes that some write before the first frame."""
BUFFER_BYTES = 1 << 16
BOMB_BYTES, BOMB_RATIO = 1 << 28, 200
"""A file that has become this large and this many times its packed size is refused; datasets shrink to a third or a twentieth."""
COPIED_BYTES, SPARED_BYTES = 1 << 22, 1 << 30
MEASURED_BYTES = 1 << 24
"""How far a packed file is unpacked to find out how large it is; a larger one is estimated."""


def container_suffix(path: Path) -> str:
    """The ending that tells the container: `.jsonl` of `Rows.JSONL.gz`."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in PACKED_SUFFIXES else suffix


def packing_of(path: Path) -> str:
    """`gzip`, `zstd` or nothing, by the file's first bytes: browsers unpack a download and keep its name."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((name for mark, name in PACKINGS.items() if head.startswith(mark)), "")


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """The file's content as a stream from its beginning, unpacked where it is packed. Raises CannotStart and OSError."""
    packing = packing_of(path)
    with path.open("rb", BUFFER_BYTES) if not packing else io.BufferedReader(Unpacked(path, packing), BUFFER_BYTES) as file:
        yield file


@contextmanager
def open_seekable(path: Path) -> Iterator[BinaryIO]:
    """The file's content for readers that jump about in it; a packed one is unpacked into a nameless file first, if there is room."""
    if not packing_of(path):
        with path.open("rb") as file:
            yield file
        return
    with open_unpacked(path) as packed, tempfile.TemporaryFile() as copy:
        while chunk := packed.read(COPIED_BYTES):
            if shutil.disk_usage(tempfile.gettempdir()).free < SPARED_BYTES:
                what = f"There is no room to unpack '{path}': {copy.tell():,} bytes of it fill the disk of '{tempfile.gettempdir()}'."
                raise CannotStart(str(path), what, "Free some space, or unpack it yourself on another disk.")
            copy.write(chunk)
        copy.seek(0)
        yield copy


def unpacked_size(path: Path) -> float:
    """How many bytes the content is: exact where the file is plain or small, else by how far its beginning grew."""
    packed_size = path.stat().st_size
    packing = packing_of(path)
    if not packing:
        return packed_size
    with Unpacked(path, packing) as file:
        buffer = bytearray(BUFFER_BYTES)
        while file.made < MEASURED_BYTES:
            if not file.readinto(buffer):
                return file.made
        return packed_size * file.growth


class Unpacked(io.RawIOBase):
    """The content of a packed file; several packed one behind another are one, as gzip and zstd have it."""

    def __init__(self, path: Path, packing: str) -> None:
        import pyarrow

        self._path = path
        self._file: Any = pyarrow.OSFile(str(path))
        self._stream: Any = pyarrow.CompressedInputStream(self._file, packing)
        self.made = 0

    @property
    def growth(self) -> float:
        """Bytes of content per byte of the file, as far as it was read."""
        return self.made / max(1, int(self._file.tell()))

    def readable(self) -> bool:
        """True, as every file that is read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill `buffer` with the next bytes; 0 at the end. Raises CannotStart when the file is damaged, cut off or a bomb."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            content = self._stream.read(len(view))
        except OSError as error:  # pyarrow's word for any failure of a codec
            raise self._damaged(error) from error
        self.made += len(content)
        if self.made > BOMB_BYTES and self.growth > BOMB_RATIO:
            what = f"The file '{self._path}' unpacks to more than {BOMB_RATIO} times its size, as no dataset does."
            raise CannotStart(str(self._path), what, "If it is right, unpack it yourself and choose the unpacked file.")
        view[: len(content)] = content
        return len(content)

    def _damaged(self, error: OSError) -> CannotStart:
        place = f"The packed file '{self._path}'"
        if "Truncated" in str(error):
            return CannotStart(str(self._path), f"{place} is cut off: its end is missing.", "Copy or download the file again.")
        if "too much memory" in str(error):
            fix = "Unpack it yourself, or pack it again without a long window."
            return CannotStart(str(self._path), f"{place} needs more than 128 MB of memory to be unpacked.", fix)
        what = f"{place} is damaged ({self.made:,} bytes of it could be unpacked)."
        return CannotStart(str(self._path), what, "Copy or download the file again.")

    def close(self) -> None:
        """Close the file below as well."""
        self._stream.close()
        self._file.close()
        super().close()
