"""Calibrating measures real steps: figures are positive, in proportion, and can be stopped."""

from pathlib import Path

import pytest

from phitune_gui.core.calibration import Calibration
from phitune_gui.core.events import Event
from phitune_gui.core.job import CalibrateJob, Request, StopRequest
from phitune_gui.engine import calibrate


class Quiet:
    """Says nothing, and asks what it was told to."""

    def __init__(self, folder: Path, *requests: Request) -> None:
        self.folder, self._requests = folder, list(requests)

    def emit(self, _event: Event) -> None:
        """Nothing."""

    def poll(self) -> list[Request]:
        """Each request once."""
        asked, self._requests = self._requests, []
        return asked


@pytest.mark.engine
def test_everything_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "_NARROW", narrow := (64, 128, 4))
    monkeypatch.setattr(calibrate, "_WIDE", wide := (256, 640, 1))
    monkeypatch.setattr(calibrate, "_BATCHES", ((narrow, 1, 16), (narrow, 2, 64), (wide, 2, 64)))
    monkeypatch.setattr(calibrate, "_FILE_BYTES", 2_000_000)
    found = Calibration.model_validate(calibrate.run_calibration(CalibrateJob(), Quiet(tmp_path)).results)
    assert set(found.speeds) == {"float32", "bfloat16"}
    assert all(1e-14 < speed.seconds_per_operation < 1e-6 for speed in found.speeds.values())
    assert found.loading_bytes_per_second > 1e6
    assert found.bfloat16_speed_up > 0
    assert found.cores >= 1
    assert not list(tmp_path.iterdir())


@pytest.mark.engine
def test_it_can_be_stopped(tmp_path: Path) -> None:
    stopped = calibrate.run_calibration(CalibrateJob(), Quiet(tmp_path, StopRequest(request="stop", id="1", at=0.0)))
    assert (stopped.stopped_early, stopped.results) == (True, {})
