"""Whether a technique trains as much as the rows can teach: few rows are soon learned by heart, many need room."""

from typing import NamedTuple

from phitune_gui.core.plan import Plan

FEW_ROWS = 100
"""Below this the few-shot methods are at home: IA3 was made for 20 to 70 examples (Liu et al. 2022, arXiv 2205.05638)."""
MANY_ROWS = 10_000
"""From here adapters of a low capacity fall behind (Biderman et al. 2024, arXiv 2405.09673: LoRA underfits large sets)."""
_LEAN = 0.1
_WHOLE = 50.0
"""Percent of the model's parameters that are trained; LoRA at rank 16 trains 0.66 % of Phi-3-mini."""


class Suitability(NamedTuple):
    """0 is right for this many rows, larger numbers less so; the sentence says why, and is empty where there is nothing to say."""

    distance: int
    sentence: str


def suitability(plan: Plan) -> Suitability:
    """By the share of the model that is trained and the number of rows."""
    rows, percent = plan.train_rows, plan.trainable_percent
    if not rows or not percent:
        return Suitability(0, "")
    if percent < _LEAN:
        return _lean(rows)
    if percent > _WHOLE:
        return _whole(rows)
    return Suitability(0, "")


def _lean(rows: int) -> Suitability:
    if rows < FEW_ROWS:
        return Suitability(0, f"Trains so few numbers that {rows:,} rows are not learned by heart.")
    if rows < MANY_ROWS:
        return Suitability(1, "")
    return Suitability(2, f"Trains so few numbers that much of {rows:,} rows finds no room.")


def _whole(rows: int) -> Suitability:
    if rows < FEW_ROWS:
        return Suitability(2, f"Trains so many numbers that {rows:,} rows are learned by heart.")
    return Suitability(0 if rows >= MANY_ROWS else 1, "")
