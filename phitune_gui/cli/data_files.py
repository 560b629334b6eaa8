"""The dataset files and folders that a command names, and what it says of a folder."""

from collections.abc import Sequence
from pathlib import Path

from phitune_gui.cli.output import say
from phitune_gui.core.recipe import Recipe
from phitune_gui.data.dataset_folder import DataFiles, files_meant
from phitune_gui.store.recipes import with_setting


def named_files(named: Sequence[Path]) -> DataFiles:
    """The files that are meant, absolute; what was made of a folder is said. Raises CannotStart for a folder without a dataset."""
    files = files_meant([path.absolute() for path in named])
    if files.said:
        say(files.said)
    return files


def with_data(recipe: Recipe, named: Sequence[Path]) -> Recipe:
    """The recipe that learns from these instead of its own, and judges by a folder's file for that where it has one. Raises CannotStart."""
    files = named_files(named)
    recipe = with_setting(recipe, "data.sources", [{"path": str(file)} for file in files.sources])
    return recipe if files.validation is None else with_setting(recipe, "data.validation.path", str(files.validation))
