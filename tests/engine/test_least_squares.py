"""Unit costs come out of times that were made from them, and are never negative."""

import random

import pytest

from phitune_gui.engine.least_squares import Work, nearest

WORKS: list[Work] = [(1e9, 2e6, 12), (21e9, 36e6, 12), (43e9, 72e6, 12), (3e9, 2e6, 2), (107e9, 48e6, 2)]


def _seconds(costs: Work) -> list[float]:
    return [sum(amount * cost for amount, cost in zip(work, costs, strict=True)) for work in WORKS]


@pytest.mark.parametrize("costs", [(7e-12, 2e-9, 4e-3), (2e-12, 3e-9, 0.0), (1e-11, 0.0, 1e-3)])
def test_costs_come_back(costs: Work) -> None:
    assert nearest(WORKS, _seconds(costs)) == pytest.approx(costs, rel=1e-6, abs=1e-15)


def test_noise_makes_no_cost_negative_and_no_time_absurd() -> None:
    chance = random.Random(3)
    for _ in range(200):
        true = _seconds((7e-12, 2e-9, 4e-3))
        found = nearest(WORKS, [second * chance.uniform(0.7, 1.4) for second in true])
        assert min(found) >= 0
        assert all(0.5 < said / was < 2 for said, was in zip(_seconds(found), true, strict=True))
