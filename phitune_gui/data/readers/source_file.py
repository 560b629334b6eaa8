"""Opens a dataset file, or says in one sentence why it cannot be read."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from phitune_gui.core.names import DATASET_SUFFIXES
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.readers.encoding import NAMES, AsUtf8, detect_encoding


def check_file(path: Path) -> None:
    """Raises CannotStart unless `path` is a file of a kind PhiTune reads, with something in it, that may be opened."""
    try:
        if path.is_dir():
            raise CannotStart(str(path), f"'{path}' is a folder.", "Name the dataset file inside it.")
        if not path.is_file():
            raise CannotStart(str(path), f"There is no file '{path}'.", "Check the name, or choose the file again.")
        if path.suffix.lower() not in DATASET_SUFFIXES:
            named = f"'{path.suffix}' files" if path.suffix else "files without an ending"
            raise CannotStart(str(path), f"PhiTune cannot read {named}.", f"Save the data as one of {', '.join(DATASET_SUFFIXES)}.")
        if path.stat().st_size == 0:
            raise CannotStart(str(path), f"The file '{path}' is empty.", "Choose a file that has rows in it.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:  # a NUL in the name
        raise CannotStart(str(path), "This is not the name of a file.", "Choose the file again.") from error


@contextmanager
def open_as_utf8(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    """The file's text as a stream of UTF-8 without byte order mark, and the name of the encoding it is written in."""
    try:
        with path.open("rb") as file:
            encoding = detect_encoding(file)
            if encoding == "UTF-8":
                yield file, encoding
            else:
                with io.BufferedReader(AsUtf8(file, NAMES[encoding])) as stream:
                    yield stream, encoding
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> CannotStart:
    why = error.strerror or str(error)
    return CannotStart(str(path), f"The file '{path}' cannot be read: {why}.", "Check the permissions of the file and its folder.")
