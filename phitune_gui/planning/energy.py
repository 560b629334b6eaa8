"""What a run draws from the wall and what that costs, from the watts and the price that the person gave."""

import math
from typing import NamedTuple, TypedDict

from phitune_gui.core.hardware import Hardware
from phitune_gui.core.plan import Plan

_JOULES_PER_KWH = 3.6e6


class Energy(TypedDict):
    """Fields of the plan; None while they cannot be known."""

    energy_kwh: float | None
    cost: float | None


def energy(seconds: float, hardware: Hardware) -> Energy:
    """Watts for so many seconds, times the price."""
    if not hardware.watts or not seconds:
        return Energy(energy_kwh=None, cost=None)
    used = hardware.watts * seconds / _JOULES_PER_KWH
    return Energy(energy_kwh=used, cost=None if hardware.price_per_kwh is None else used * hardware.price_per_kwh)


class Bill(NamedTuple):
    """What the energy costs and the price that this goes by, as people write amounts; the currency is the person's own and has no name."""

    cost: str
    price_per_kwh: str


def bill(plan: Plan) -> Bill | None:
    """None while no price was given, or nothing is to be paid."""
    if not plan.cost or not plan.energy_kwh:
        return None
    return Bill(_amount(plan.cost), f"{plan.cost / plan.energy_kwh:.4g}")


def _amount(value: float) -> str:
    """`12.40`, and as many places as a small amount needs to be more than nothing: `0.00043`."""
    return f"{value:.{max(2, 1 - math.floor(math.log10(value)))}f}"
