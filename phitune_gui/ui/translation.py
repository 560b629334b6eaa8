"""Translates the texts that are declared outside the window: labels and help of fields, techniques, formats and exports."""

from PySide6.QtCore import QCoreApplication, QLocale

from phitune_gui.catalog.scenarios import Scenario

DECLARED = "declared"
"""The context under which declared texts stand in the translation files."""


def declared(text: str) -> str:
    """The declared text in the window's language; the text itself where no translation is known."""
    return QCoreApplication.translate(DECLARED, text) if text else ""


def choice_words(value: object) -> str:
    """A value that a field offers to choose, in words that can be declared: `leave_out` -> `leave out`."""
    return str(value).replace("_", " ")


def plural(one: str, many: str, count: int) -> str:
    """`one` or `many` (already translated, with `{count}` in it), filled in."""
    return (one if count == 1 else many).format(count=f"{count:,}")


def in_tamil() -> bool:
    """Whether the window speaks Tamil, in which the document's table has its own titles."""
    return QLocale().language() == QLocale.Language.Tamil


def scenario_titles(scenario: Scenario) -> tuple[str, str]:
    """A scenario's whole title in the window's language and in the other one of the document's two."""
    title = declared(scenario.title)
    return (scenario.title_ta, scenario.title) if in_tamil() else (title, scenario.title_ta)
