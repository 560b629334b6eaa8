"""The edits of *Make it fit* in words, by the titles that the forms have."""

from PySide6.QtCore import QCoreApplication

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.plan import Change
from phitune_gui.ui.field_titles import field_title
from phitune_gui.ui.translation import declared

_LABELS = {("technique.id", known.id): known.label for known in TECHNIQUES} | {
    ("launcher.id", known.id): known.label for known in LAUNCHERS
}


def change_text(change: Change) -> str:
    """`Rows at a time: 1`, `Technique: QLoRA`, `Save memory (slower): on`."""
    return f"{field_title(change.field) or change.field}: {_value_text(change)}"


def _value_text(change: Change) -> str:
    if change.value == "true":
        return QCoreApplication.translate("ChangeWords", "on")
    return declared(_LABELS.get((change.field, change.value), "")) or change.value
