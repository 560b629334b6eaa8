"""What a run draws from the wall and what that costs, from the watts and the price that the person gave."""

from typing import TypedDict

from phitune_gui.core.hardware import Hardware

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
