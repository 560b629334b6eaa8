"""The edits of a recipe that save memory, each with its price in words."""

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.recipe import Recipe

_MOST_ACCUMULATION = 1024
_SHORTEST = 16
_KEEPS_ACTIVATIONS = {known.id for known in TECHNIQUES if not known.can_checkpoint}


class Harm(IntEnum):
    """What may be given up for memory, the least first. From CUT on it changes what is learned, or by which technique."""

    ROWS = 0
    FEWER = 1
    BORROWED = 2
    TWICE = 3
    ROUNDED = 4
    CUT = 5
    FOUR_BITS = 6


class Saving(NamedTuple):
    """One way to need less memory: the recipe fields that it sets, its price in words, and how hard it is to part with."""

    values: Mapping[str, Any]
    costs: str
    harm: Harm

    @property
    def last_resort(self) -> bool:
        """Whether it is worth a thought only when nothing else is enough."""
        return self.harm >= Harm.CUT

    @property
    def of_settings(self) -> bool:
        """Whether technique and launcher stay as they are chosen."""
        return all(name.startswith(("training.", "data.")) for name in self.values)


def fewer_rows(recipe: Recipe) -> tuple[Saving, ...]:
    """Every smaller number of rows at a time that leaves the effective batch as it is, most rows first."""
    costs = "More and smaller passes before each step; the effective batch and the result stay the same."
    return _fewer(recipe, "training.micro_batch_size", recipe.training.micro_batch_size, 1, costs, Harm.ROWS)


def fewer_processes(recipe: Recipe) -> tuple[Saving, ...]:
    """Every smaller number of processes that the launcher takes and that leaves the effective batch as it is, most processes first."""
    now = recipe.launcher
    if not any(known.several for known in LAUNCHERS if known.id == now.id):
        return ()
    costs = "Fewer processes make more passes each before a step; the effective batch and the result stay the same."
    return _fewer(recipe, "launcher.processes", now.processes, 1 if now.nodes > 1 else 2, costs, Harm.FEWER)


def one_row_each(processes: Saving) -> Saving:
    """No offer, as the effective batch becomes another: with fewer rows, nothing needs less than this."""
    return processes._replace(values={**processes.values, "training.micro_batch_size": 1})


def _fewer(recipe: Recipe, name: str, now: int, fewest: int, costs: str, harm: Harm) -> tuple[Saving, ...]:
    """Every number from the next below `now` down to the `fewest` for which accumulation can make up."""
    product = now * recipe.training.accumulation
    some = (many for many in range(now - 1, fewest - 1, -1) if product % many == 0 and product // many <= _MOST_ACCUMULATION)
    return tuple(Saving({name: many, "training.accumulation": product // many}, costs, harm) for many in some)


def other_savings(recipe: Recipe, report: DatasetReport | None) -> tuple[Saving, ...]:
    """Everything but fewer rows and fewer processes, the least harm first."""
    return (*_shared_layers(recipe), *_training(recipe), *_shorter(recipe, report), *_four_bits(recipe))


def with_savings(recipe: Recipe, savings: Sequence[Saving]) -> Recipe:
    """The edited recipe; values come from this file, so they are not validated again."""
    values = {name.partition(".")[::2]: value for saving in savings for name, value in saving.values.items()}
    sections = {section: {name: value for (of, name), value in values.items() if of == section} for section, _name in values}
    return recipe.model_copy(update={section: getattr(recipe, section).model_copy(update=edits) for section, edits in sections.items()})


def _shared_layers(recipe: Recipe) -> Iterator[Saving]:
    """Several processes with a model each can have one between them."""
    known = {launcher.id: launcher for launcher in LAUNCHERS}
    chosen = known.get(recipe.launcher.id)
    if chosen is None or not chosen.several or chosen.splits_layers or chosen.shares:
        return
    for launcher in LAUNCHERS:
        if launcher.splits_layers and not launcher.shares and recipe.technique.id in (launcher.techniques or (recipe.technique.id,)):
            costs = "The processes keep one model between them and borrow its layers, which is slower; the result is the same."
            yield Saving({"launcher.id": launcher.id}, costs, Harm.BORROWED)


def _training(recipe: Recipe) -> Iterator[Saving]:
    if not recipe.training.gradient_checkpointing and recipe.technique.id not in _KEEPS_ACTIVATIONS:
        costs = "Activations are computed twice instead of kept, which is slower; the result is the same."
        yield Saving({"training.gradient_checkpointing": True}, costs, Harm.TWICE)
    if recipe.training.dtype != "bfloat16":
        costs = "The frozen weights are rounded to 3 digits while training; slow on processors without bfloat16."
        yield Saving({"training.dtype": "bfloat16"}, costs, Harm.ROUNDED)


def _shorter(recipe: Recipe, report: DatasetReport | None) -> Iterator[Saving]:
    if report and _SHORTEST <= report.lengths.p95 < min(recipe.data.max_length, report.lengths.max):
        costs = "The longest 5 % of the conversations are cut, and their ends are not learned."
        yield Saving({"data.max_length": report.lengths.p95}, costs, Harm.CUT)


def _four_bits(recipe: Recipe) -> Iterator[Saving]:
    """The same adapter on frozen weights in 4 bits; a technique that has no such sister is not exchanged for another."""
    costs = "The frozen weights are kept in 4 bits while training, which is slower; the result is merged with the unquantised model."
    sister = next((known.in_four_bits for known in TECHNIQUES if known.id == recipe.technique.id), "")
    if sister:
        yield Saving({"technique.id": sister}, costs, Harm.FOUR_BITS)
    elif recipe.technique.options.get("weights") == "int8":
        yield Saving({"technique.weights": "nf4"}, costs, Harm.FOUR_BITS)
