"""What a run is called in the window: the name that the person gave, else what was trained and how."""

from PySide6.QtCore import QCoreApplication

from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.names import ADAPTER_FOLDER
from phitune_gui.core.recipe import Recipe
from phitune_gui.store.runs import RunRecord
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.amounts import when_text


def title_of(recipe: Recipe) -> str:
    """`support-answers`, or `Phi-3-mini-4k-instruct, LoRA` of a run that was given no name."""
    labels = {known.id: declared(known.label) for known in TECHNIQUES}
    technique = labels.get(recipe.technique.id, recipe.technique.id)
    said = QCoreApplication.translate("RunTitles", "{model}, {technique}")
    return recipe.name or said.format(model=model_name(recipe) or "–", technique=technique)


def dated_title(record: RunRecord) -> str:
    """The title with the moment, where several runs of one recipe must be told apart."""
    return f"{elided(title_of(record.recipe), 44)} · {when_text(record.made_at)}"


def model_name(recipe: Recipe) -> str:
    """The last part of the model's path, of any system."""
    return recipe.model.path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]


def start_name(adapter: str) -> str:
    """What the adapter that training goes on from is called: its run's folder, or its own."""
    parts = [part for part in adapter.replace("\\", "/").split("/") if part]
    return next((part for part in reversed(parts) if part != ADAPTER_FOLDER), "")


def elided(text: str, most: int) -> str:
    """At most so many letters, with the middle left out: names differ at both ends."""
    head = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - head]}…{text[-head:]}"
