"""What letting go of the dragged things would do, in words."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from phitune_gui.ui.drops import Drop


def drop_words(drops: Sequence[Drop]) -> str:
    """One sentence per kind of thing."""
    return "\n".join(_words(drop) for drop in drops)


def _words(drop: Drop) -> str:
    name = drop.paths[0].name
    if drop.kind == "dataset":
        if len(drop.paths) == 1:
            return _tr("Learn from {name}").format(name=name)
        return _tr("Learn from {count} files").format(count=len(drop.paths))
    if drop.kind == "model":
        return _tr("Tune the model in {name}").format(name=name)
    if drop.kind == "adapter":
        return _tr("Import the adapter in {name}").format(name=name)
    if drop.kind == "recipe":
        return _tr("Open the recipe {name}").format(name=name)
    if drop.kind == "run":
        return _tr("Open the run {name}").format(name=name)
    return _tr("{name} cannot be used: {why}").format(name=name, why=drop.why)


def _tr(text: str) -> str:
    return QCoreApplication.translate("DropWords", text)
