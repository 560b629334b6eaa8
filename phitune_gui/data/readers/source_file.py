"""Opens a dataset file, or says in one sentence why it cannot be read."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from phitune_gui.core.names import DATASET_SUFFIXES, PACKED_SUFFIXES
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers.encoding import CHECK_BYTES, NAMES, PACKED_CHECK_BYTES, SAMPLE_BYTES, AsUtf8, detect_encoding
from phitune_gui.data.readers.packed import container_suffix, open_unpacked, packing_of


def check_file(path: Path) -> None:
    """Raises CannotStart unless `path` is a file of a kind PhiTune reads, with something in it, that may be opened."""
    try:
        if path.is_dir():
            raise CannotStart(str(path), f"'{path}' is a folder.", "Name the dataset file inside it.")
        if not path.is_file():
            raise CannotStart(str(path), f"There is no file '{path}'.", "Check the name, or choose the file again.")
        if container_suffix(path) not in DATASET_SUFFIXES:
            raise _no_reader(path)
        if path.stat().st_size == 0:
            raise CannotStart(str(path), f"The file '{path}' is empty.", "Choose a file that has rows in it.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:  # a NUL in the name
        raise CannotStart(str(path), "This is not the name of a file.", "Choose the file again.") from error


@contextmanager
def open_as_utf8(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    """The file's text as a stream of UTF-8 without byte order mark, and the name of the encoding it is written in."""
    try:
        packing = packing_of(path)
        with open_unpacked(path) as file:
            if path.suffix.lower() in PACKED_SUFFIXES and not packing:
                _require_text(path, file)
            encoding = detect_encoding(file, PACKED_CHECK_BYTES if packing else CHECK_BYTES)
        words = f"{encoding} ({packing})" if packing else encoding
        with open_unpacked(path) as file:
            if encoding == "UTF-8":
                yield file, words
            else:
                with io.BufferedReader(AsUtf8(file, NAMES[encoding])) as stream:
                    yield stream, words
    except OSError as error:
        raise unreadable(path, error) from error


def _require_text(path: Path, file: BinaryIO) -> None:
    """Browsers unpack a file and keep its name, so plain text is welcome; anything else was packed and is damaged."""
    head = file.read(SAMPLE_BYTES)
    file.seek(0)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        what = f"The file '{path}' is packed neither by gzip nor by zstd, or its beginning is damaged."
        raise CannotStart(str(path), what, "Copy or download the file again, or unpack it yourself.") from None


def _no_reader(path: Path) -> CannotStart:
    suffix = path.suffix.lower()
    if suffix in PACKED_SUFFIXES:
        what = f"The name '{path.name}' does not say what is packed in it."
        return CannotStart(str(path), what, f"Name it like what it holds: 'rows.jsonl{suffix}', 'rows.csv{suffix}'.")
    named = f"'{path.suffix}' files" if path.suffix else "files without an ending"
    fix = f"Save the data as one of {', '.join(DATASET_SUFFIXES)}, packed by gzip (.gz) or zstd (.zst) if you like."
    return CannotStart(str(path), f"PhiTune cannot read {named}.", fix)


def unreadable(path: Path, error: OSError) -> CannotStart:
    """What to say of a file that the system does not let us read."""
    why = error.strerror or str(error)
    return CannotStart(str(path), f"The file '{path}' cannot be read: {why}.", "Check the permissions of the file and its folder.")
