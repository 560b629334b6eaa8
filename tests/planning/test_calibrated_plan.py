"""Plans with measurements of the machine, past runs, graphics processors, and what the person pays for power."""

import pytest

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.core.calibration import KEPT_RUNS, Calibration, PastRun, Speed
from phitune_gui.core.hardware import Gpu, Hardware
from phitune_gui.core.plan import Plan
from phitune_gui.core.recipe import with_value
from phitune_gui.planning.energy import Bill, bill
from phitune_gui.planning.padding import padding
from phitune_gui.planning.plan import make_plan
from tests.catalog.test_base_models import STARTER
from tests.helpers.factories import GB, a_machine, a_model, a_plan, a_recipe, a_report

MEASURED = Calibration(
    cores=2, bfloat16_speed_up=2.3, start_seconds=6, loading_bytes_per_second=1e9,
    speeds={"float32": Speed(seconds_per_operation=1.4e-11, seconds_per_element=2.5e-9),
            "bfloat16": Speed(seconds_per_operation=7.5e-12, seconds_per_element=7.7e-9)},
)  # fmt: skip


def a_run(**changes: object) -> PastRun:
    """LoRA on Phi-3-mini that took twice as long as predicted."""
    fields = {"technique": "lora", "dtype": "bfloat16", "checkpointing": False, "parameters": 3_800_000_000, "seconds_ratio": 2.0}
    return PastRun.model_validate({**fields, **changes})


def planned(calibration: Calibration | None, technique: str = "lora", **training: object) -> Plan:
    """For Phi-3-mini on a laptop."""
    machine = a_machine(64).model_copy(update={"calibration": calibration})
    return make_plan(with_value(a_recipe(**training), "technique.id", technique), a_model(), a_report(), machine)


def test_a_plan_says_whether_its_time_was_measured() -> None:
    assert not planned(None).time_measured
    assert planned(MEASURED).time_measured


def test_measured_speed_chooses_the_number_format_and_the_time() -> None:
    auto, wide, narrow = planned(MEASURED), planned(MEASURED, dtype="float32"), planned(MEASURED, dtype="bfloat16")
    assert (auto.memory, auto.time_seconds) == (narrow.memory, narrow.time_seconds)
    assert narrow.time_seconds < wide.time_seconds
    assert planned(None).memory == planned(None, dtype="float32").memory


def test_past_runs_of_the_same_kind_correct_the_next_plan() -> None:
    plain = planned(MEASURED).time_seconds
    taught = planned(MEASURED.with_run(a_run())).time_seconds
    assert 1.8 * plain < taught < 2 * plain
    for other in ({"technique": "dora"}, {"dtype": "float32"}, {"checkpointing": True}, {"parameters": 1_000_000}):
        assert planned(MEASURED.with_run(a_run(**other))).time_seconds == plain
    assert planned(Calibration().with_run(a_run(dtype="float32"))).time_measured


def test_one_odd_run_does_not_spoil_plans_and_few_are_kept() -> None:
    known = MEASURED
    for ratio in (1.1, 50.0, 1.2):
        known = known.with_run(a_run(seconds_ratio=ratio))
    assert known.seconds_correction(a_run()) == 1.2
    assert MEASURED.with_run(a_run(seconds_ratio=50.0)).seconds_correction(a_run()) == 4.0
    for _ in range(KEPT_RUNS + 5):
        known = known.with_run(a_run())
    assert len(known.runs) == KEPT_RUNS


def test_seen_memory_corrects_activations_alone() -> None:
    plain, taught = planned(MEASURED).memory.parts, planned(MEASURED.with_run(a_run(memory_ratio=0.8))).memory.parts
    assert taught.pop("activations") == pytest.approx(0.8 * plain.pop("activations"))
    assert taught == plain


def test_slower_techniques_take_longer() -> None:
    times = {id: planned(MEASURED, id, dtype="bfloat16").time_seconds for id in ("lora", "dora", "pissa", "full")}
    assert times["lora"] < times["pissa"]
    assert times["lora"] < times["dora"] < times["full"]


def test_rows_of_different_lengths_are_filled_up() -> None:
    report = a_report()
    assert padding(report, 1, 1024) == 1.0
    assert 1.2 < padding(report, 4, 1024) < padding(report, 16, 1024) <= 300 / 180
    assert padding(report, 4, 150) == 1.0


def with_gpus(count: int, gpu_gb: float, memory_gb: float = 64, **fields: object) -> Hardware:
    """A machine with so many graphics processors."""
    gpu = Gpu.model_validate({"name": "A", "memory_bytes": int(gpu_gb * GB), **fields})
    return a_machine(memory_gb).model_copy(update={"gpus": (gpu,) * count})


def test_a_gpu_is_what_the_memory_is_planned_for() -> None:
    plan = make_plan(a_recipe(), a_model(), a_report(), with_gpus(1, 24, free_bytes=20 * GB))
    assert (plan.memory.device, plan.memory.available_bytes) == ("cuda", 20 * GB)
    assert plan.memory.parts["weights"] == 2 * a_model().parameters
    assert plan.memory.parts["overhead"] == 500_000_000
    assert plan.memory.ram_available_bytes == 64 * GB
    old = make_plan(a_recipe(), a_model(), a_report(), with_gpus(1, 24, has_bfloat16=False))
    assert old.memory.parts["weights"] == 4 * a_model().parameters


def test_each_gpu_holds_one_process_and_the_smallest_counts() -> None:
    recipe = a_recipe().model_copy(update={"launcher": a_recipe().launcher.model_copy(update={"id": "ddp", "processes": 2})})
    machine = with_gpus(2, 80)
    machine = machine.model_copy(update={"gpus": (machine.gpus[0], Gpu(name="B", memory_bytes=24 * GB))})
    two, one = (make_plan(each, a_model(), a_report(), machine).memory for each in (recipe, a_recipe()))
    assert two.parts == one.parts
    assert (two.available_bytes, one.available_bytes) == (24 * GB, 80 * GB)
    assert two.ram_bytes == 2 * one.ram_bytes


def test_a_model_that_cannot_pass_through_the_memory_is_refused_but_not_in_four_bits() -> None:
    machine = with_gpus(1, 24, memory_gb=6)
    (problem,) = [each for each in make_plan(a_recipe(), a_model(), a_report(), machine).problems if each.severity == "problem"]
    assert (problem.where, "QLoRA" in problem.how_to_fix) == ("technique.id", True)
    assert not make_plan(with_value(a_recipe(), "technique.id", "qlora"), a_model(), a_report(), machine).blocked


def test_energy_and_cost_follow_from_watts_and_price() -> None:
    model, report = judge_config(STARTER), a_report()
    assert make_plan(a_recipe(), model, report, a_machine()).energy_kwh is None
    machine = a_machine().model_copy(update={"watts": 200.0})
    plan = make_plan(a_recipe(), model, report, machine)
    assert plan.energy_kwh == pytest.approx(200 * plan.time_seconds / 3.6e6)
    assert plan.cost is None
    priced = make_plan(a_recipe(), model, report, machine.model_copy(update={"price_per_kwh": 0.3}))
    assert priced.cost == pytest.approx(0.3 * priced.energy_kwh)


@pytest.mark.parametrize(
    ("energy", "price", "said"),
    [
        (None, None, None),
        (2.0, None, None),
        (2.0, 0.0, None),
        (2.0, 0.35, Bill("0.70", "0.35")),
        (41.0, 0.2874, Bill("11.78", "0.2874")),
        (0.0012, 0.3, Bill("0.00036", "0.3")),
    ],
)
def test_a_bill_names_its_price_and_there_is_none_without_one(energy: float | None, price: float | None, said: Bill | None) -> None:
    cost = energy * price if energy is not None and price is not None else None
    assert bill(a_plan().model_copy(update={"energy_kwh": energy, "cost": cost})) == said


def test_each_iteration_of_loftq_takes_its_time() -> None:
    def seconds(iterations: int) -> float:
        recipe = with_value(a_recipe(), "technique", {"id": "loftq", "iterations": iterations})
        return make_plan(recipe, a_model(), a_report(), a_machine()).time_seconds

    assert 0 < seconds(3) - seconds(2) == pytest.approx(seconds(2) - seconds(1))
