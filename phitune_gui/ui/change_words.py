"""The edits of *Make it fit* in words, by the titles that the forms have."""

from phitune_gui.core.plan import Change
from phitune_gui.ui.field_titles import field_title, value_title


def change_text(change: Change) -> str:
    """`Rows at a time: 1`, `Technique: QLoRA`, `Save memory (slower): on`."""
    return f"{field_title(change.field) or change.field}: {value_title(change.field, change.value) or change.value}"
