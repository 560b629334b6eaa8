"""A recipe that is tried with savings before anything is changed: what it would need then, and whether it would work."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import Change, MemoryPlan
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.figures import Figures, count
from phitune_gui.planning.learning_checks import check_quantisation
from phitune_gui.planning.memory import plan_memory
from phitune_gui.planning.savings import Saving, fewer_rows, with_savings
from phitune_gui.planning.time import estimate


class _Edited(NamedTuple):
    way: tuple[Saving, ...]
    recipe: Recipe
    figures: Figures
    memory: MemoryPlan


@dataclass(frozen=True, slots=True)
class Trial:
    """The recipe as it is written, and what it is planned for. Figures are those that `plan` would give for the edited recipe.

    What was tried once is remembered; about half of a search tries the same again.
    """

    recipe: Recipe
    model: BaseModel | None
    report: DatasetReport | None
    hardware: Hardware
    _tried: dict[tuple[int, ...], _Edited] = field(default_factory=dict)
    _fewer: dict[tuple[int, ...], tuple[Saving, ...]] = field(default_factory=dict)

    def fewer_rows(self, beside: Sequence[Saving]) -> tuple[Saving, ...]:
        """Every smaller number of rows at a time beside these savings, always the same objects."""
        name = _name(beside)
        if name not in self._fewer:
            self._fewer[name] = fewer_rows(with_savings(self.recipe, beside))
        return self._fewer[name]

    def memory(self, way: Sequence[Saving]) -> MemoryPlan:
        """Peak memory with these savings."""
        return self._edited(way).memory

    def fits(self, way: Sequence[Saving]) -> bool:
        """Whether that is free."""
        memory = self.memory(way)
        return memory.total_bytes <= memory.available_bytes

    def seconds(self, way: Sequence[Saving]) -> float:
        """The whole run's time with these savings."""
        _way, recipe, figures, _memory = self._edited(way)
        return estimate(recipe, self.model, self.report, figures, self.hardware).seconds

    def works(self, way: Sequence[Saving]) -> bool:
        """Whether launcher and machine take the technique, where it becomes another one."""
        _way, recipe, figures, _memory = self._edited(way)
        if recipe.technique == self.recipe.technique:
            return True
        accepted = next((known.techniques for known in LAUNCHERS if known.id == recipe.launcher.id), None)
        return (accepted is None or recipe.technique.id in accepted) and not any(check_quantisation(figures, self.hardware))

    def changes(self, way: Sequence[Saving]) -> tuple[Change, ...]:
        """One Change per field, counted on top of those before; the first field of a saving carries its figures."""
        changes = []
        for position, saving in enumerate(way):
            before, after = way[:position], way[: position + 1]
            saves = self.memory(before).total_bytes - self.memory(after).total_bytes
            adds = self.seconds(after) - self.seconds(before)
            later = {name for other in way[position + 1 :] for name in other.values}
            for name, value in saving.values.items():
                if name in later:  # accumulation makes up for fewer processes and for fewer rows
                    continue
                changes.append(Change(field=name, value=_written(value), saves_bytes=saves, costs=saving.costs, adds_seconds=adds))
                saves, adds = 0, 0.0
        return tuple(changes)

    def _edited(self, way: Sequence[Saving]) -> _Edited:
        name = _name(way)
        if name not in self._tried:
            recipe = with_savings(self.recipe, way)
            figures = count(recipe, self.model, self.report)
            self._tried[name] = _Edited(tuple(way), recipe, figures, plan_memory(recipe, self.model, figures, self.hardware))
        return self._tried[name]


def _name(way: Sequence[Saving]) -> tuple[int, ...]:
    """Of savings that stay alive beside it."""
    return tuple(map(id, way))


def _written(value: object) -> str:
    """As a recipe file and `-o` write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
