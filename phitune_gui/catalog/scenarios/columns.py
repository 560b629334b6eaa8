"""Which column of the document's table speaks about a technique; it names six, PhiTune offers more."""

from typing import Any

from phitune_gui.catalog.scenarios.scenario import Column
from phitune_gui.catalog.techniques import Technique

_KINDS: dict[Column, tuple[str, ...]] = {
    "LoRA": ("lora", "rslora", "loraplus", "pissa", "olora", "eva", "adalora"),
    "QLoRA": ("qlora", "loftq"),
    "DORA": ("dora", "qdora"),
}
"""LoRA's variants count as LoRA; every other adapter is only covered by the document's word for all of them, PEFT."""


def column_of(technique: Technique[Any]) -> Column | None:
    """The column, or None where no adapter is trained: the document says nothing about training all weights."""
    named = next((column for column, ids in _KINDS.items() if technique.id in ids), None)
    if named is not None:
        return named
    return None if technique.peft_config(technique.options()) is None else "PEFT"
