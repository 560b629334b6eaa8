"""Minima and maxima stand for many points, and nothing that matters is lost."""

import time

import numpy as np
import pytest

from phitune_gui.ui.widgets.series_pyramid import SeriesPyramid


def _filled(x: np.ndarray, y: np.ndarray, pieces: int = 1) -> SeriesPyramid:
    pyramid = SeriesPyramid()
    for part_x, part_y in zip(np.array_split(x, pieces), np.array_split(y, pieces), strict=True):
        pyramid.append(part_x, part_y)
    return pyramid


def test_few_points_are_drawn_as_they_are() -> None:
    pyramid = _filled(np.arange(100.0), np.sin(np.arange(100.0)))

    x, y = pyramid.window(-np.inf, np.inf)

    assert x.tolist() == list(range(100))
    assert y.tolist() == np.sin(np.arange(100.0)).tolist()


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_many_points_keep_their_highest_and_lowest(pieces: int) -> None:
    y = np.random.default_rng(7).normal(size=50_000)
    y[31_337], y[12] = 40.0, -40.0

    x, drawn = _filled(np.arange(50_000.0), y, pieces).window(-np.inf, np.inf)

    assert len(x) <= 2100
    assert (drawn.max(), drawn.min()) == (40.0, -40.0)
    assert np.all(np.diff(x) >= 0)


def test_the_newest_points_are_drawn_even_when_their_bucket_is_not_full() -> None:
    x, y = _filled(np.arange(10_003.0), np.arange(10_003.0)).window(-np.inf, np.inf)

    assert (x[-1], y[-1]) == (10_002.0, 10_002.0)


def test_zooming_in_shows_every_point_and_one_beyond_each_edge() -> None:
    x, _ = _filled(np.arange(100_000.0), np.zeros(100_000)).window(500.0, 510.0)

    assert x.tolist() == list(range(499, 512))


def test_not_a_number_is_a_gap_and_never_an_extreme() -> None:
    y = np.ones(64_000)
    y[10_000:20_000] = np.nan
    y[5] = np.nan

    x, drawn = _filled(np.arange(64_000.0), y).window(-np.inf, np.inf)

    inside = (x > 10_500) & (x < 19_500)
    assert np.isnan(drawn[inside]).all()
    assert np.isfinite(drawn[~inside & (x < 9_900)]).all()


def test_a_million_points_cost_what_a_thousand_cost() -> None:
    pyramid = _filled(np.arange(1_000_000.0), np.random.default_rng(1).normal(size=1_000_000), pieces=50)

    began = time.perf_counter()
    for _ in range(100):
        x, _ = pyramid.window(-np.inf, np.inf)
    seconds = (time.perf_counter() - began) / 100

    assert len(x) <= 2100
    assert seconds < 0.005


def test_adding_a_point_does_not_depend_on_the_length() -> None:
    pyramid = _filled(np.arange(1_000_000.0), np.zeros(1_000_000))
    pyramid.append(np.array([1e6]), np.array([0.0]))

    began = time.perf_counter()
    for index in range(200):
        pyramid.append(np.array([1_000_001.0 + index]), np.array([0.0]))

    assert (time.perf_counter() - began) / 200 < 0.002
