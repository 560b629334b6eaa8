"""The verdict says what it rests on: a thin sample is called one, and a bar missed by figures alone asks for a finer format."""

import numpy as np
import pytest

from phitune_gui.core.parity import Bar, ParityReport
from phitune_gui.engine.parity import Circumstances, Figures, Speed, build_report
from phitune_gui.engine.reference import Reference

pytestmark = pytest.mark.engine


def a_report(positions: int, texts: int, top1: float = 0.99, faults: tuple[str, ...] = ()) -> ParityReport:
    nothing = np.zeros(0, np.int32)
    reference = Reference(nothing, np.ones(texts, np.int32), np.arange(positions), *[nothing] * 5, (), "held-out")
    known = Circumstances("onnx-cpu-int4", "int4", 1, faults, 0.0, True)
    return build_report(Bar(min_top1=0.85), reference, Figures(top1, 0.1, 0.1, 2.0, 2.0), Speed(0.1), known)


@pytest.mark.parametrize(("positions", "texts", "thin"), [(199, 24, True), (200, 7, True), (200, 8, False)])
def test_a_thin_sample_is_called_one(positions: int, texts: int, thin: bool) -> None:
    assert ("thin sample: hold out more rows" in a_report(positions, texts).why) is thin


def test_only_figures_alone_ask_for_a_finer_format() -> None:
    assert a_report(200, 8, top1=0.5).too_coarse
    assert not a_report(200, 8).too_coarse
    assert not a_report(200, 8, top1=0.5, faults=("x is missing",)).too_coarse
