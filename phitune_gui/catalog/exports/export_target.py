"""What an export target is: a kind and precision, the bar it must pass, and what it costs in bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.parity import Bar

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """One form that a result can be given away in.

    `bytes_estimate` is the size of the finished folder, `memory_estimate` the peak memory of making it, both in bytes from
    the model's sizes alone. `builder_options` are extra options of the onnxruntime-genai model builder. `bar` is None where
    nothing is compared.
    """

    id: str
    label: str
    summary: str
    kind: Literal["adapter", "merged", "onnx"]
    precision: str
    bar: Bar | None
    bytes_estimate: Callable[[BaseModel], int]
    memory_estimate: Callable[[BaseModel], int]
    builder_options: Mapping[str, str] = field(default_factory=lambda: _NONE)
