"""How near a calibrated plan comes to the time that runs really take, before they start and ten steps in.

Each run is planned from the calibration alone, as the first of its kind. Rows have all lengths up to the limit. Prints a
table and, where PHITUNE_BENCHMARKS names a folder, writes it there as time_plan.jsonl. Other programs of the machine move the figures.
"""

from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks.grid import SHAPES, Case, answers_up_to, measured, model_of, show, write
from tests.helpers.commands import phitune

BEFORE, LEFT = 0.30, 0.20
STEPS, ROWS, HELD_OUT = 20, 100, 10
CASES = [
    Case("starter", "lora", "float32", 1, 256),
    Case("starter", "lora", "float32", 2, 256, True),
    Case("starter", "full", "float32", 2, 128),
    Case("starter", "lora", "bfloat16", 1, 128),
    Case("starter", "lora", "bfloat16", 4, 256),
    Case("starter", "dora", "bfloat16", 2, 256),
    Case("starter", "qlora", "bfloat16", 2, 256),
    Case("starter", "ia3", "float32", 1, 256),
    Case("as wide as Phi-3-mini", "lora", "bfloat16", 1, 256),
    Case("as wide as Phi-3-mini", "qlora", "bfloat16", 2, 256, True),
]


@pytest.mark.benchmark
@pytest.mark.timeout(7200)
def test_the_time_comes_true(tmp_path: Path) -> None:
    home = tmp_path / "home"
    phitune("calibrate", home=home)
    (kept,) = (home / "calibration").iterdir()
    fresh = kept.read_bytes()
    models = {shape: model_of(tmp_path / f"model-{number}", shape) for number, shape in enumerate(SHAPES)}
    rows = []
    for number, case in enumerate(CASES):
        answers = answers_up_to(case.tokens, ROWS)
        rows.append(measured(case, models[case.shape], tmp_path / str(number), home, answers, STEPS, HELD_OUT))
        show(rows[-1])
        kept.write_bytes(fresh)
    write(rows, "time_plan.jsonl")
    for name, allowed in (("time_ratio", BEFORE), ("eta_ratio", LEFT)):
        errors = sorted(abs(row[name] - 1) for row in rows)
        within = sum(error <= allowed for error in errors)
        print(f"{name}: median error {median(errors):.1%}, worst {errors[-1]:.1%}, {within} of {len(rows)} within {allowed:.0%}")
        assert median(errors) <= allowed
