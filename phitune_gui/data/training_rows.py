"""The rows a run learns from: the same reading, checking, splitting and encoding that the doctor and the preview show."""

from collections.abc import Sequence
from dataclasses import dataclass

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.data.doctor import Tell
from phitune_gui.data.token_cache import tokens_of
from phitune_gui.data.tokens import Encoded


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Rows to learn and rows to judge by, cut at the recipe's limit, in file order; and the report on them."""

    train: Sequence[Encoded]
    validation: Sequence[Encoded]
    report: DatasetReport


def training_rows(recipe: Recipe, model: BaseModel, tell: Tell | None = None) -> TrainingRows:
    """All rows of the recipe's data. Raises CannotStart when nothing is left to learn, and what `tell` raises."""
    tokens = tokens_of(recipe.data, model, recipe.training.seed, tell, thoroughly=True)
    report = tokens.report
    if not report.train_rows:
        raise CannotStart(
            "data.sources",
            f"No row is left to learn from: {report.rows} read, {report.rejected_count} rejected, {report.duplicates} double, "
            f"{report.fully_masked} with their answer behind token {report.max_length}.",
            "Look at the rejected rows (the Data page and phitune inspect list them), or raise the longest conversation.",
        )
    if tokens.train is None or tokens.validation is None:
        raise tokens.why_not or RuntimeError("no rows and no reason")
    return TrainingRows(tokens.train, tokens.validation, report)
