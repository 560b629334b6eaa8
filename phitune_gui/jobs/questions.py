"""The questions that window and command line ask the data desk, with typed answers."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.base_model import BaseModel, refused_folder
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.messages import Preview
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection, Recipe
from phitune_gui.jobs.desk import DataDesk, Told
from phitune_gui.store.report_cache import cached_report, remember_report

SAMPLE_ROWS = 1000
"""Rows that a plan looks at when nobody has inspected the dataset yet."""


FOLDER_SECONDS = 30.0
"""A model folder that takes longer to judge is refused; a good one takes a tenth of a second."""
SEARCH_SECONDS = 120.0


class Desk(Protocol):
    """What the window and the command line ask."""

    def request(self, operation: str, fields: dict[str, Any], timeout: float = ..., told: Told | None = ...) -> Any:
        """The operation's result as JSON data. Raises CannotStart."""
        ...


def ask_model(desk: Desk, folder: Path) -> BaseModel:
    """The verdict on one model folder; unusable folders, and those that take the desk down, get one too. Raises CannotStart for none."""
    try:
        return BaseModel.model_validate(desk.request("model", {"path": str(folder)}, timeout=FOLDER_SECONDS))
    except CannotStart as refusal:
        return refused_folder(str(folder), refusal.problem.what, refusal.problem.how_to_fix)


def ask_start(desk: Desk, recipe: Recipe, model: BaseModel) -> AdapterReport | None:
    """What the adapter is that the recipe starts from, or why it cannot be used; None where it starts afresh or with no usable model."""
    if not recipe.model.adapter or not model.usable:
        return None
    fields = {"adapter": recipe.model.adapter, "model": model.model_dump(mode="json")}
    try:
        return AdapterReport.model_validate(desk.request("adapter", fields, timeout=FOLDER_SECONDS))
    except CannotStart as refusal:
        return AdapterReport(problem=refusal.problem)


def ask_models(desk: Desk, folders: Sequence[Path]) -> tuple[BaseModel, ...]:
    """Every model folder below `folders`, each judged by itself. Raises CannotStart when the search fails."""
    found = desk.request("model_folders", {"folders": [str(folder) for folder in folders]}, timeout=SEARCH_SECONDS)
    return tuple(ask_model(desk, Path(path)) for path in found["paths"])


def ask_report(
    desk: DataDesk, data: DataSection, model: BaseModel | None, seed: int, max_rows: int | None = None, told: Told | None = None
) -> DatasetReport:
    """The doctor's findings, remembered or new; `max_rows` allows an estimate, `told` hears how far it is.

    Raises CannotStart about the dataset.
    """
    known = cached_report(data, model, seed)
    if known is not None:
        return known
    fields = {
        "data": data.model_dump(mode="json"), "model": model.model_dump(mode="json") if model else None,
        "seed": seed, "max_rows": max_rows,
    }  # fmt: skip
    report = DatasetReport.model_validate(desk.request("inspect", fields, told=told))
    with suppress(OSError):  # a full disk costs the memory, not the answer
        remember_report(data, model, seed, report)
    return report


def ask_preview(desk: DataDesk, data: DataSection, model: BaseModel, row: int, seed: int) -> Preview:
    """One row as the model will see it; `row` counts from 0. Raises CannotStart about the dataset or the row."""
    fields = {"data": data.model_dump(mode="json"), "model": model.model_dump(mode="json"), "row": row, "seed": seed}
    return Preview.model_validate(desk.request("preview", fields))
