"""The launchers of several processes as parameters of tests; those of DeepSpeed are skipped where it is not installed."""

from importlib.util import find_spec
from typing import Any

import pytest

from phitune_gui.catalog.launchers import LAUNCHERS, Launcher

SEVERAL = [each for each in LAUNCHERS if each.several]
NEEDS_DEEPSPEED = pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is an extra that is not installed")


def case(launcher: Launcher, *more: Any, slow: bool = False, starts: bool = True) -> Any:
    """The launcher's id and `more` as one set of parameters; `starts` where the test does start it."""
    marks = [NEEDS_DEEPSPEED] * (starts and launcher.zero_stage is not None) + [pytest.mark.slow] * slow
    return pytest.param(launcher.id, *more, marks=marks)


def lets_in(launcher: Launcher, technique: str) -> bool:
    """Whether the launcher trains the technique of this id."""
    return launcher.techniques is None or technique in launcher.techniques


def started_by(id: str, processes: int = 2) -> tuple[str, ...]:
    """Options of a recipe that is started so."""
    return (f"launcher.id={id}", f"launcher.processes={processes}")
