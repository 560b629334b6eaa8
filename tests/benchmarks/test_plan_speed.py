"""How long a plan takes, technique by technique: the window makes one after every edit."""

import time
from statistics import median

import pytest

from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.recipe import with_value
from phitune_gui.planning.plan import make_plan
from tests.helpers.factories import a_machine, a_model, a_recipe, a_report
from tests.planning.test_calibrated_plan import MEASURED, a_run

TIMES = 40
MOST_MS = 10.0


@pytest.mark.benchmark
@pytest.mark.parametrize("memory_gb", [8, 256])
def test_a_plan_takes_less_than_ten_milliseconds(memory_gb: int) -> None:
    """With little memory each plan also searches for what makes it fit."""
    machine = a_machine(memory_gb).model_copy(update={"calibration": MEASURED.with_run(a_run())})
    found = {}
    for each in TECHNIQUES:
        recipe, spent = with_value(a_recipe(), "technique.id", each.id), []
        for _ in range(TIMES):
            began = time.process_time()
            make_plan(recipe, a_model(), a_report(), machine)
            spent.append(1000 * (time.process_time() - began))
        found[each.id] = median(spent)
    print(f"{memory_gb} GB: " + ", ".join(f"{id} {spent:.2f} ms" for id, spent in found.items()))
    assert max(found.values()) <= MOST_MS, found
