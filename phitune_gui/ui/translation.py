"""Translates the texts that are declared outside the window: labels and help of fields, techniques, formats and exports."""

from PySide6.QtCore import QCoreApplication

DECLARED = "declared"
"""The context under which declared texts stand in the translation files."""


def declared(text: str) -> str:
    """The declared text in the window's language; the text itself where no translation is known."""
    return QCoreApplication.translate(DECLARED, text) if text else ""


def plural(one: str, many: str, count: int) -> str:
    """`one` or `many` (already translated, with `{count}` in it), filled in."""
    return (one if count == 1 else many).format(count=f"{count:,}")
