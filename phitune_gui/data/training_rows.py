"""The rows a run learns from: the same reading, checking, splitting and encoding that the doctor and the preview show."""

from dataclasses import dataclass

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.data.doctor import examine
from phitune_gui.data.tokens import Encoded


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Rows to learn and rows to judge by, cut at the recipe's limit, in file order; and the report on them."""

    train: list[Encoded]
    validation: list[Encoded]
    report: DatasetReport


def training_rows(recipe: Recipe, model: BaseModel) -> TrainingRows:
    """All rows of the recipe's data. Raises CannotStart when nothing is left to learn."""
    kept = _Listed()
    examined = examine(recipe.data, model, recipe.training.seed, keep=kept)
    report = examined.report
    if not len(examined.train):
        raise CannotStart(
            "data.sources",
            f"No row is left to learn from: {report.rows} read, {report.rejected_count} rejected, {report.duplicates} double, "
            f"{report.fully_masked} with their answer behind token {report.max_length}.",
            "Look at the rejected rows (the Data page and phitune inspect list them), or raise the longest conversation.",
        )
    return TrainingRows([kept.rows[at] for at in examined.train], [kept.rows[at] for at in examined.validation], report)


class _Listed:
    def __init__(self) -> None:
        self.rows: list[Encoded] = []

    def add(self, row: Encoded) -> None:
        self.rows.append(row)
