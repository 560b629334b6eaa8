"""Make it fit in the words of the command line: every way, ready to be given with -o."""

from collections.abc import Iterator
from itertools import groupby

from phitune_gui.cli.output import duration, size
from phitune_gui.core.plan import Change, Plan


def fit_lines(plan: Plan) -> Iterator[str]:
    """Each way on a line that can be copied, and below it what its changes save and cost; nothing where nothing is offered."""
    for place, way in enumerate((plan.make_it_fit, *plan.other_ways_to_fit) if plan.make_it_fit else ()):
        yield f"{'Or' if place else 'To make it fit'}: {' '.join(map(_option, way))}"
        for costs, together in groupby(way, key=lambda change: change.costs):
            yield f"  {_figures(list(together))}: {costs}"


def _option(change: Change) -> str:
    return f"-o {change.field}={change.value}"


def _figures(changes: list[Change]) -> str:
    """`training.dtype saves 7.8 GB and takes 4 min 10 s longer`."""
    names = ", ".join(change.field.partition(".")[2] for change in changes)
    saves, adds = sum(change.saves_bytes for change in changes), sum(change.adds_seconds for change in changes)
    takes = f" and takes {duration(abs(adds))} {'longer' if adds > 0 else 'less'}" if abs(adds) >= 1 else ""
    return f"{names} saves {size(saves)}{takes}"
