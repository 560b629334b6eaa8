"""What the window asks the data desk, as typed calls; each waits and is run in a background thread."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.messages import Conversation, Preview
from phitune_gui.core.recipe import DataSection, Recipe
from phitune_gui.data.requests import InspectRequest, PreviewRequest, RowRequest
from phitune_gui.jobs import questions
from phitune_gui.jobs.desk import Told

INSPECT = "inspect"


class Desk(questions.Desk, Protocol):
    """The part of `jobs.desk.DataDesk` that the window uses."""

    def cancel(self, operation: str) -> None:
        """Takes back the question that is being answered, if it is this one."""
        ...

    def close(self) -> None:
        """Ends the desk's process."""
        ...


def read_model(desk: Desk, path: str) -> BaseModel:
    """The model folder's facts and verdict."""
    return questions.ask_model(desk, Path(path))


def scan_models(desk: Desk, folders: Sequence[str]) -> tuple[BaseModel, ...]:
    """Every model under the folders. Raises CannotStart."""
    return questions.ask_models(desk, [Path(folder) for folder in folders])


def inspect_data(
    desk: Desk, recipe: Recipe, model: BaseModel | None, max_rows: int | None = None, told: Told | None = None
) -> DatasetReport:
    """The doctor's report on the recipe's data; token figures need a model with a tokenizer. Raises CannotStart and Cancelled."""
    counts = model if model is not None and model.has_tokenizer else None
    request = InspectRequest(data=recipe.data, model=counts, seed=recipe.training.seed, max_rows=max_rows)
    return DatasetReport.model_validate(desk.request(INSPECT, request.model_dump(mode="json"), told=told))


def first_row(desk: Desk, data: DataSection) -> Conversation:
    """The first row as these settings understand it, without a model. Raises CannotStart."""
    return Conversation.model_validate(desk.request("row", RowRequest(data=data).model_dump(mode="json")))


def preview_row(desk: Desk, recipe: Recipe, model: BaseModel, row: int) -> Preview:
    """Row `row` (from 0) as the model will see it. Raises CannotStart."""
    request = PreviewRequest(data=recipe.data, model=model, row=row, seed=recipe.training.seed)
    return Preview.model_validate(desk.request("preview", request.model_dump(mode="json")))
