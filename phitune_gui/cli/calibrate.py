"""The command that measures this machine, so that plans know its speed."""

from functools import partial

from phitune_gui.cli.follow import start_and_follow
from phitune_gui.cli.output import say, size, table, write_json
from phitune_gui.core.calibration import Calibration
from phitune_gui.core.job import CalibrateJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.jobs.launch import start_job
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.store.calibrations import calibration_file
from phitune_gui.store.paths import runs_folder
from phitune_gui.store.settings import load_settings, save_settings


def calibrate(watts: float | None, price: float | None, as_json: bool) -> int:
    """Measure, keep, and show what was found; what the person says of power and price is remembered as well."""
    given = {name: value for name, value in (("watts", watts), ("price_per_kwh", price)) if value is not None}
    if given:
        save_settings(load_settings().model_copy(update=given))
    start_and_follow(partial(start_job, CalibrateJob()), as_json)
    hardware = probe_hardware(runs_folder())
    found, path = hardware.calibration, calibration_file(hardware)
    if found is None:
        raise CannotStart(str(path), "The measurements were not kept.", "Look whether this folder can be written to, and try again.")
    if as_json:
        write_json({"path": str(path), **found.model_dump(exclude={"runs"}), "watts": hardware.watts, "price": hardware.price_per_kwh})
    else:
        _show(found)
        say(f"Plans use this from now on; each run corrects it. Kept in {path}")
    return 0


def _show(found: Calibration) -> None:
    rows = [
        [f"training in {name}", f"{1e-9 / speed.seconds_per_operation:.0f} billion operations per second"]
        for name, speed in found.speeds.items()
    ]
    works = found.seconds_per_unpacked_weight
    rows += [
        ["bfloat16", f"multiplies {found.bfloat16_speed_up:.1f} times as fast as float32"],
        ["4-bit weights", f"{1e-6 / works:.0f} million unpacked per second" if works else "do not work here"],
        ["reading weights", f"{size(round(found.loading_bytes_per_second))} per second"],
        ["starting", f"{found.start_seconds:.1f} s"],
    ]
    table("", ["", ""], rows)
