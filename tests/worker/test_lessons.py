"""What an ended attempt teaches the next plan, and what teaches nothing."""

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.calibration import Calibration
from phitune_gui.core.job import TrainJob
from phitune_gui.core.recipe import LauncherSection
from phitune_gui.core.run import Run, apply_all
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.planning.plan import make_plan
from phitune_gui.store.paths import home
from phitune_gui.worker.lessons import keep_measured, learn_from
from tests.helpers.factories import a_model, a_recipe, a_report, a_step
from tests.planning.test_calibrated_plan import MEASURED

RECIPE = a_recipe(dtype="bfloat16", eval_steps=1000, save_steps=1000, epochs=10)


def planned() -> float:
    """Seconds of the run on this machine, as known now."""
    return make_plan(RECIPE, a_model(), a_report(90, 0), probe_hardware(home())).time_seconds


def ended(seconds: float, steps: int = 8, peak: int = 0, load: float = 0.0) -> Run:
    """A run whose steps took so long each, while other programs took this share of all the processors' time."""
    said = [e.DatasetInspected(report=a_report(90, 0)), e.MemoryMeasured(used_bytes=peak, peak_bytes=peak)]
    took = {"seconds": seconds, "other_programs_seconds": load * seconds * probe_hardware(home()).logical_cores}
    return apply_all(Run(), [*said, *(a_step(number).model_copy(update=took) for number in range(1, steps + 1))])


def job() -> TrainJob:
    return TrainJob(recipe=RECIPE, plan=make_plan(RECIPE, a_model(), a_report(90, 0), probe_hardware(home())), base_model=a_model())


def known() -> Calibration | None:
    return probe_hardware(home()).calibration


def test_steps_that_took_twice_as_long_double_the_next_plan() -> None:
    keep_measured(e.JobFinished(results=MEASURED.model_dump()))
    before = planned()
    learn_from(job(), ended(1.0))
    ratio = known().runs[-1].seconds_ratio  # type: ignore[union-attr]
    assert ratio > 0
    keep_measured(e.JobFinished(results=MEASURED.model_dump()))
    learn_from(job(), ended(2.0 / ratio))
    assert known().runs[-1].seconds_ratio == pytest.approx(2.0)  # type: ignore[union-attr]
    assert 1.7 * before < planned() < 2.05 * before


def test_the_first_run_teaches_without_a_calibration() -> None:
    assert known() is None
    learn_from(job(), ended(3.0))
    assert len(known().runs) == 1  # type: ignore[union-attr]


def test_the_peak_teaches_about_activations() -> None:
    predicted = job().plan.memory
    learn_from(job(), ended(3.0, peak=predicted.total_bytes - predicted.parts["activations"] // 10))
    assert known().runs[-1].memory_ratio == pytest.approx(0.9, rel=0.01)  # type: ignore[union-attr]


def test_what_a_loaded_machine_took_does_not_bend_later_plans() -> None:
    keep_measured(e.JobFinished(results=MEASURED.model_dump()))
    before = planned()

    learn_from(job(), ended(60.0, load=0.5))

    assert planned() == before


@pytest.mark.parametrize(("load", "is_learned"), [(0.0, True), (0.05, True), (0.15, False), (0.5, False)])
def test_only_a_quiet_machine_teaches_about_time(load: float, is_learned: bool) -> None:
    learn_from(job(), ended(3.0, load=load))
    assert (known().runs[-1].seconds_ratio > 0) == is_learned  # type: ignore[union-attr]


def test_the_first_step_of_a_process_may_be_disturbed() -> None:
    run = ended(3.0)
    run = run.model_copy(update={"steps": (run.steps[0]._replace(other_programs_seconds=1000.0), *run.steps[1:])})
    learn_from(job(), run)
    assert known().runs[-1].seconds_ratio > 0  # type: ignore[union-attr]


def test_a_loaded_machine_still_teaches_about_memory() -> None:
    predicted = job().plan.memory
    learn_from(job(), ended(3.0, peak=predicted.total_bytes - predicted.parts["activations"] // 10, load=0.5))
    assert known().runs[-1].memory_ratio == pytest.approx(0.9, rel=0.01)  # type: ignore[union-attr]


def test_two_steps_teach_nothing() -> None:
    learn_from(job(), ended(3.0, steps=2))
    assert known() is None


def test_steps_too_short_to_be_computing_teach_nothing() -> None:
    learn_from(job(), ended(0.02))
    assert known() is None


def test_several_processes_teach_nothing_because_only_one_was_measured() -> None:
    several = job().recipe.model_copy(update={"launcher": LauncherSection(id="ddp", processes=2)})
    learn_from(job().model_copy(update={"recipe": several}), ended(3.0))
    assert known() is None


def test_a_new_calibration_forgets_what_was_learned_with_the_old_one() -> None:
    learn_from(job(), ended(3.0))
    keep_measured(e.JobFinished(results=MEASURED.model_dump()))
    assert known() == MEASURED
