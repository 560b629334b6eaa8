"""Make it fit: sets of edits that make a run fit into memory, the quickest first, each edit with what it saves and costs."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from typing import NamedTuple

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import Change
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.savings import Saving, fewer_processes, one_row_each, other_savings
from phitune_gui.planning.trial import Trial

_MOST_OFFERS = 3

Way = tuple[Saving, ...]


class Fit(NamedTuple):
    """Each of `offers` is enough. When there are none, `least` is all that helps, and `least_bytes` what is needed even so."""

    offers: tuple[tuple[Change, ...], ...] = ()
    least: tuple[Change, ...] = ()
    least_bytes: int = 0


def make_it_fit(
    recipe: Recipe, model: BaseModel | None, report: DatasetReport | None, hardware: Hardware, only_settings: bool = False,
    gently: bool = False,
) -> Fit:  # fmt: skip
    """At most three sets of edits that are enough and of which none can be left out; nothing when the run fits as it is.

    The quickest comes first, and of those equally quick the one that parts with least. Last resorts only help when nothing else is enough.
    `only_settings` leaves technique and launcher as they are; `gently` tries no last resort.
    """
    trial = Trial(recipe, model, report, hardware)
    if trial.fits(()):
        return Fit()
    processes = () if only_settings else fewer_processes(recipe)
    others = other_savings(recipe, report)
    others = tuple(saving for saving in others if trial.works([saving]) and (saving.of_settings or not only_settings))
    others = tuple(saving for saving in others if not (gently and saving.last_resort))
    gentle = [saving for saving in others if not saving.last_resort]
    ways = _best(trial, processes, gentle) or _best(trial, processes, others)
    if ways:
        return Fit(tuple(trial.changes(way) for way in ways))
    fewest = _all_that_helps(trial, processes[-1:])
    least = _all_that_helps(trial, (*fewest, *trial.fewer_rows(fewest)[-1:], *others))
    return Fit((), trial.changes(least), trial.memory(least).total_bytes)


def _best(trial: Trial, processes: Sequence[Saving], others: Sequence[Saving]) -> list[Way]:
    """The best sets; one with more kinds of edits than a better one, and all of its kinds, is no choice."""
    best: list[Way] = []
    for way in sorted(_enough(trial, processes, others), key=lambda way: _order(trial, way)):
        if len(best) < _MOST_OFFERS and not any(_harms(better) <= _harms(way) for better in best):
            best.append(way)
    return best


def _enough(trial: Trial, processes: Sequence[Saving], others: Sequence[Saving]) -> Iterator[Way]:
    """Every set that is enough and of which none can be left out."""
    for size in range(len(others) + 1):
        for some in combinations(others, size):
            for way in _made_enough(trial, processes, some):
                if trial.works(way) and not any(trial.fits([kept for kept in way if kept is not left]) for left in way):
                    yield way


def _made_enough(trial: Trial, processes: Sequence[Saving], some: Way) -> Iterator[Way]:
    """The set; where it is not enough, with fewer rows and with fewer processes; with both only where neither is enough."""
    if trial.fits(some):
        yield some
        return
    if processes and not trial.hardware.gpus and not trial.fits((one_row_each(processes[-1]), *some)):
        return  # on a CPU nothing of fewer rows and processes needs less
    ways = [way for way in (_with_rows(trial, (), some), _with_processes(trial, processes, some)) if way]
    yield from ways or _with_both(trial, processes, some)


def _with_rows(trial: Trial, fewer: Way, some: Way) -> Way:
    """With the most rows that fit beside the others; none where even the fewest are too many."""
    return _with_most(trial, fewer, trial.fewer_rows(fewer), some)


def _with_processes(trial: Trial, processes: Sequence[Saving], some: Way) -> Way:
    """With the most processes that fit. GPUs are few, and where layers are split among them, fewer do not always need less."""
    if not trial.hardware.gpus:
        return _with_most(trial, (), processes, some)
    return next(((many, *some) for many in processes if trial.fits((many, *some))), ())


def _with_most(trial: Trial, before: Way, choices: Sequence[Saving], some: Way) -> Way:
    """With the first of the choices that fits, where each needs less than the one before it."""
    if not choices or not trial.fits((*before, choices[-1], *some)):
        return ()
    return (*before, choices[bisect_left(choices, True, key=lambda choice: trial.fits((*before, choice, *some)))], *some)


def _with_both(trial: Trial, processes: Sequence[Saving], some: Way) -> Iterator[Way]:
    """With the most processes that fit with the fewest rows, and then with the most rows."""
    ways = (_with_rows(trial, (many,), some) for many in processes)
    yield from islice((way for way in ways if way), 1)


def _order(trial: Trial, way: Way) -> tuple[float, list[int]]:
    """Seconds; then the worst harm, the second worst, and so on."""
    return round(trial.seconds(way), 3), sorted(_harms(way), reverse=True)


def _harms(way: Way) -> frozenset[int]:
    return frozenset(saving.harm for saving in way)


def _all_that_helps(trial: Trial, savings: Sequence[Saving]) -> Way:
    helping: Way = ()
    for saving in savings:
        more = (*helping, saving)
        if trial.works(more) and trial.memory(more).total_bytes < trial.memory(helping).total_bytes:
            helping = more
    return helping
