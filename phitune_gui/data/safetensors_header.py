"""Reads and checks the header of a safetensors file: names, shapes and places of all tensors, without reading one of them.

The format: 8 bytes with the header's length (little endian), the header as JSON, then the tensors one after the other.
"""

import math
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, RootModel, ValidationError

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Lenient
from phitune_gui.data.json_file import FETCH_AGAIN, lfs_pointer, parse_json_object, require_file, unreadable

HEADER_LIMIT = 100_000_000
_LENGTH_BYTES = 8
_BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8,
    "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8,
}  # fmt: skip
_Count = Annotated[int, Field(ge=0)]


class Tensor(Lenient):
    """One tensor: number format, shape, first byte and byte after the last, counted from the end of the header."""

    dtype: str
    shape: tuple[_Count, ...]
    data_offsets: tuple[_Count, _Count]

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class Header(NamedTuple):
    """All tensors of one file by name, and the file's size in bytes."""

    tensors: dict[str, Tensor]
    file_bytes: int


_TENSORS = RootModel[dict[str, Tensor]]


def read_header(path: Path) -> Header:
    """The checked header; CannotStart says what is wrong: truncated, damaged, a pointer, or not readable."""
    require_file(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_LENGTH_BYTES)
            length = int.from_bytes(start, "little")
            if start == b"version ":
                raise lfs_pointer(path)
            if len(start) < _LENGTH_BYTES or length > HEADER_LIMIT:
                raise _damaged(path, "its header has no possible length")
            content = file.read(length)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(content) < length:
        raise _truncated(path, size, _LENGTH_BYTES + length)
    tensors = _tensors(path, content)
    _check_size(path, size, _LENGTH_BYTES + length + _end_of(path, tensors))
    return Header(tensors, size)


def _tensors(path: Path, content: bytes) -> dict[str, Tensor]:
    fields = parse_json_object(path, content)
    words = fields.pop("__metadata__", {})
    if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
        raise _damaged(path, "its __metadata__ is no map of texts")
    try:
        return _TENSORS.model_validate(fields).root
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])[:80]
        raise _damaged(path, f"its header describes {name} wrongly") from error


def _end_of(path: Path, tensors: dict[str, Tensor]) -> int:
    """The byte after the last tensor; tensors must follow each other without gap or overlap and be as long as they say."""
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        begin, stop = tensor.data_offsets
        if begin != end or stop < begin:
            raise _damaged(path, f"its tensors overlap or leave gaps at {name[:80]}")
        bits = _BITS.get(tensor.dtype)
        if bits is not None and (stop - begin) * 8 != bits * tensor.numbers:
            raise _damaged(path, f"{name[:80]} has another length than its shape says")
        end = stop
    return end


def _check_size(path: Path, size: int, expected: int) -> None:
    if size < expected:
        raise _truncated(path, size, expected)
    if size > expected:
        raise _damaged(path, f"it has {size} bytes where its header announces {expected}")


def _truncated(path: Path, size: int, expected: int) -> CannotStart:
    return CannotStart(str(path), f"The weights are truncated: {path.name} has {size} of {expected} bytes.", FETCH_AGAIN)


def _damaged(path: Path, why: str) -> CannotStart:
    return CannotStart(str(path), f"{path.name} is damaged: {why}.", FETCH_AGAIN)
