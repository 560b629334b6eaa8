"""What a preset is: a pure function from model, machine and data to edits of the recipe, with a sentence why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware


@dataclass(frozen=True, slots=True)
class Situation:
    """What a preset may look at; None where nobody knows it yet."""

    model: BaseModel | None = None
    machine: Hardware | None = None
    report: DatasetReport | None = None

    @property
    def rows(self) -> int:
        """Usable rows, held-out ones included; 0 while nobody has read the data."""
        return self.report.kept if self.report else 0

    @property
    def has_gpu(self) -> bool:
        """Whether the machine has a graphics processor."""
        return bool(self.machine and self.machine.gpus)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Edits as dotted name -> value, and in one or two sentences why these."""

    values: Mapping[str, Any]
    why: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of settings to start from.

    `propose` gives proposals in the order of preference. Where `must_fit`, the first that fits into memory is taken, if need be with the
    edits of *Make it fit*; else the first is taken as it is, because reproducing the source is what it is for. `source` says where the
    figures stand.
    """

    id: str
    label: str
    summary: str
    source: str
    propose: Callable[[Situation], tuple[Proposal, ...]]
    must_fit: bool = False
