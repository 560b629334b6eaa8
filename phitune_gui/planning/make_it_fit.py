"""Which edits would make a run fit into memory: the cheapest ones that are enough, each with what it saves and costs."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import Change
from phitune_gui.core.recipe import DataSection, Recipe, TrainingSection
from phitune_gui.planning.figures import count
from phitune_gui.planning.memory import plan_memory

Bytes = Callable[[Recipe], int]


class _Edit(NamedTuple):
    """One way to save memory: the recipe fields it sets, and its price in words."""

    values: dict[str, object]
    costs: str


def make_it_fit(recipe: Recipe, model: BaseModel | None, report: DatasetReport | None, hardware: Hardware) -> tuple[Change, ...]:
    """Edits in the order of least cost until the run fits; all that help when none are enough; empty when it fits already.

    Edits that a later, larger one made needless are left out again. `saves_bytes` counts each on top of those before it.
    """

    def needed(edited: Recipe) -> int:
        return plan_memory(edited, model, count(edited, model, report), hardware).total_bytes

    limit = hardware.available_memory_bytes
    if needed(recipe) <= limit:
        return ()
    chosen: list[_Edit] = []
    for edit in _edits(recipe, report, limit, needed):
        if needed(_apply(recipe, [*chosen, edit])) < needed(_apply(recipe, chosen)):
            chosen.append(edit)
        if needed(_apply(recipe, chosen)) <= limit:
            chosen = _without_needless(recipe, chosen, limit, needed)
            break
    return tuple(_changes(recipe, chosen, needed))


def _edits(recipe: Recipe, report: DatasetReport | None, limit: int, needed: Bytes) -> Iterator[_Edit]:
    rows = _fewer_rows(recipe, limit, needed)
    if rows:
        yield rows
    yield _Edit({"training.gradient_checkpointing": True}, "Training takes about a third longer; the result is the same.")
    yield _Edit(
        {"training.dtype": "bfloat16"},
        "The frozen weights are rounded to 3 digits while training; slow on processors without bfloat16.",
    )  # fmt: skip
    if report and 16 <= report.lengths.p95 < min(recipe.data.max_length, report.lengths.max):
        costs = "The longest 5 % of the conversations are cut, and their ends are not learned."
        yield _Edit({"data.max_length": report.lengths.p95}, costs)


def _fewer_rows(recipe: Recipe, limit: int, needed: Bytes) -> _Edit | None:
    """The most rows at a time that fit, else one; accumulation grows by the same factor, so the effective batch stays."""
    rows, accumulation = recipe.training.micro_batch_size, recipe.training.accumulation
    fewer = [part for part in range(rows - 1, 0, -1) if rows % part == 0 and accumulation * (rows // part) <= 1024]
    edits = [
        _Edit(
            {"training.micro_batch_size": part, "training.accumulation": accumulation * (rows // part)},
            "Somewhat slower; the effective batch and the result stay the same.",
        )
        for part in fewer
    ]  # fmt: skip
    fits = (edit for edit in edits if needed(_apply(recipe, [edit])) <= limit)
    return next(fits, edits[-1] if edits else None)


def _without_needless(recipe: Recipe, chosen: list[_Edit], limit: int, needed: Bytes) -> list[_Edit]:
    """Drops each edit, costliest first, without which the run fits as well."""
    for edit in reversed(chosen):
        rest = [other for other in chosen if other is not edit]
        if needed(_apply(recipe, rest)) <= limit:
            chosen = rest
    return chosen


def _apply(recipe: Recipe, edits: list[_Edit]) -> Recipe:
    """The edited recipe; values come from this file, so they are not validated again."""
    values = {name: value for edit in edits for name, value in edit.values.items()}
    data: DataSection = recipe.data.model_copy(update=_of_section("data", values))
    training: TrainingSection = recipe.training.model_copy(update=_of_section("training", values))
    return recipe.model_copy(update={"data": data, "training": training})


def _of_section(section: str, values: dict[str, object]) -> dict[str, object]:
    return {name.removeprefix(f"{section}."): value for name, value in values.items() if name.startswith(f"{section}.")}


def _changes(recipe: Recipe, chosen: list[_Edit], needed: Bytes) -> Iterator[Change]:
    """One Change per field; the first field of an edit carries the saving, the others keep the rest as it was."""
    for position, edit in enumerate(chosen):
        saves = needed(_apply(recipe, chosen[:position])) - needed(_apply(recipe, chosen[: position + 1]))
        for name, value in edit.values.items():
            yield Change(field=name, value=_written(value), saves_bytes=saves, costs=edit.costs)
            saves = 0


def _written(value: object) -> str:
    """As a recipe file and `-o` write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
