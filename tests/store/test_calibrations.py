"""Measurements of a machine come back as they were; what is damaged or of another machine is no measurement."""

from phitune_gui.core.calibration import Calibration, Speed
from phitune_gui.store.calibrations import calibration_file, load_calibration, save_calibration
from tests.helpers.factories import a_machine

FOUND = Calibration(cores=2, speeds={"float32": Speed(seconds_per_operation=1e-11, seconds_per_element=0)})


def test_what_was_measured_comes_back_on_this_machine_only() -> None:
    here, other = a_machine(), a_machine().model_copy(update={"cpu": "Another"})
    assert load_calibration(here) is None
    save_calibration(FOUND, here)
    assert load_calibration(here) == FOUND
    assert load_calibration(other) is None


def test_a_damaged_file_or_one_of_another_version_is_no_calibration() -> None:
    path = save_calibration(FOUND, a_machine())
    assert path == calibration_file(a_machine())
    speeds = (
        f'{{"speeds": {{"float32": {{"seconds_per_operation": {speed}, "seconds_per_element": 0}}}}}}' for speed in ("Infinity", "1e300")
    )
    for text in (
        *speeds,
        '{"cores": -3}',
        f'{{"runs": [{{"technique": "lora", "dtype": "float32", "checkpointing": false, "parameters": 1{"0" * 400}}}]}}',
        '{"start_seconds": NaN}',
        "",
        "{",
        '{"colour": 1}',
        '{"version": 99}',
        '{"speeds": {"float32": {"seconds_per_operation": -1}}}',
    ):
        path.write_text(text, "utf-8")
        assert load_calibration(a_machine()) is None
