"""What letting go of the dragged things would do, in words."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from phitune_gui.core.listing import listed
from phitune_gui.data.dataset_folder import DataFiles
from phitune_gui.ui.drops import Drop

_MOST_NAMES = 5


def drop_words(drops: Sequence[Drop]) -> str:
    """One sentence per kind of thing."""
    return "\n".join(_words(drop) for drop in drops)


def _words(drop: Drop) -> str:
    name = drop.paths[0].name
    if drop.kind == "dataset":
        return "\n".join(_dataset_words(drop.files))
    if drop.kind == "model":
        return _tr("Tune the model in {name}").format(name=name)
    if drop.kind == "adapter":
        return _tr("Import the adapter in {name}").format(name=name)
    if drop.kind == "recipe":
        return _tr("Open the recipe {name}").format(name=name)
    if drop.kind == "run":
        return _tr("Open the run {name}").format(name=name)
    return _tr("{name} cannot be used: {why}").format(name=name, why=drop.why)


def _dataset_words(files: DataFiles) -> list[str]:
    first, count = files.sources[0].name, len(files.sources)
    said = [_tr("Learn from {name}").format(name=first) if count == 1 else _tr("Learn from {count} files").format(count=count)]
    if files.validation is not None:
        said.append(_tr("Judge by {name}").format(name=files.validation.name))
    if files.left:
        said.append(_tr("Leave aside {names}").format(names=listed([file.name for file in files.left], _MOST_NAMES)))
    return said


def _tr(text: str) -> str:
    return QCoreApplication.translate("DropWords", text)
