"""What a scenario is: one row of the document's table, each of its six cells as the document says it and as it is right."""

from dataclasses import dataclass
from typing import Literal

Column = Literal["LoRA", "QLoRA", "PEFT", "DeepSpeed", "ZeRO", "DORA"]
COLUMNS: tuple[Column, ...] = ("LoRA", "QLoRA", "PEFT", "DeepSpeed", "ZeRO", "DORA")
"""The table's columns in its own order and spelling."""
SHARING: tuple[Column, ...] = ("DeepSpeed", "ZeRO")
"""Columns that are no technique: they say how several devices share the work."""
Aim = Literal["task", "cost", "memory", "fewer_parameters", "devices"]


@dataclass(frozen=True, slots=True)
class Correction:
    """A cell that the document's authors have since changed: to what, and why that is right."""

    column: Column
    right: bool
    why: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table; `why` is empty where nothing was corrected."""

    column: Column
    document_says: bool
    corrected: bool
    why: str = ""

    @property
    def is_corrected(self) -> bool:
        """Whether the document says something else than what is right."""
        return self.document_says != self.corrected


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row. The document says Yes in every column but those of `says_no`; `aim` is what a ranking goes by.

    Source of the table: microsoft/PhiCookBook, md/03.FineTuning/FineTuning_Scenarios.md at c655187, in Tamil
    translations/ta/md/03.FineTuning/FineTuning_Scenarios.md; of the corrections: the same page at 3ec6531.
    """

    id: str
    label: str
    """The title in two or three words of our own, for a card; `hint` adds what one may expect."""
    hint: str
    title: str
    title_ta: str
    aim: Aim
    says_no: tuple[Column, ...] = ()
    corrections: tuple[Correction, ...] = ()

    def cell(self, column: Column) -> Cell:
        """What stands in this column."""
        says = column not in self.says_no
        changed = next((change for change in self.corrections if change.column == column), None)
        return Cell(column, says, says) if changed is None else Cell(column, says, changed.right, changed.why)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The whole row, in the table's order."""
        return tuple(self.cell(column) for column in COLUMNS)
