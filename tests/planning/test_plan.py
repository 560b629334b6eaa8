"""A plan tells what will happen: steps as training will count them, memory, disk, time; it never raises and is quick."""

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport, Lengths
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.machine_report import EIGHT_BIT, FOUR_BIT, Finding
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe, with_value
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.plan import make_plan
from phitune_gui.planning.technique_matrix import technique_refusals
from phitune_gui.planning.time import time_range
from tests.catalog.test_base_models import MINI, PHI_4_MINI, STARTER
from tests.helpers.factories import a_machine, a_model, a_recipe, a_report


def edited(recipe: Recipe, **values: Any) -> Recipe:
    """The recipe with dotted names written with __ instead of dots."""
    for name, value in values.items():
        recipe = with_value(recipe, name.replace("__", "."), value)
    return recipe


def test_phi_3_mini_with_default_lora_gives_the_published_figures() -> None:
    plan = make_plan(a_recipe(dtype="bfloat16"), a_model(), a_report(), a_machine())
    assert plan.trainable_parameters == 25_165_824
    assert plan.total_parameters == 3_821_079_552
    assert round(plan.trainable_percent, 3) == 0.659
    assert plan.memory.parts["weights"] == 7_642_159_104
    assert plan.memory.parts["adapter"] + plan.memory.parts["gradients"] + plan.memory.parts["optimizer"] == 16 * 25_165_824
    assert not plan.blocked


@pytest.mark.parametrize(
    ("rows", "micro", "accumulation", "epochs", "max_steps", "steps"),
    [
        (90, 4, 1, 3, None, 69),
        (90, 4, 2, 3, None, 36),
        (90, 4, 2, 0.5, None, 6),
        (90, 4, 2, 0.01, None, 1),
        (300, 10, 1, 0.1, None, 3),
        (90, 4, 2, 3, 10, 10),
        (90, 4, 2, 3, 1000, 36),
        (1, 1024, 4, 1, None, 1),
        (0, 4, 1, 3, None, 0),
    ],
)
def test_steps_are_those_of_training(rows: int, micro: int, accumulation: int, epochs: float, max_steps: int | None, steps: int) -> None:
    recipe = a_recipe(micro_batch_size=micro, accumulation=accumulation, epochs=epochs, max_steps=max_steps)
    plan = make_plan(recipe, a_model(), a_report(train_rows=rows), a_machine())
    assert plan.steps == steps
    assert plan.effective_batch_size == micro * accumulation


@pytest.mark.engine
@pytest.mark.parametrize(("rows", "micro", "accumulation", "epochs"), [(90, 4, 2, 3.0), (91, 4, 4, 1.5), (7, 4, 4, 0.5), (33, 1, 8, 2.25)])
def test_steps_equal_those_of_transformers_trainer(rows: int, micro: int, accumulation: int, epochs: float, tmp_path: Any) -> None:
    import torch
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(tmp_path), per_device_train_batch_size=micro, gradient_accumulation_steps=accumulation, num_train_epochs=epochs,
        use_cpu=True, report_to="none",
    )  # fmt: skip
    trainer = Trainer(model=torch.nn.Linear(1, 1), args=arguments, train_dataset=[{"x": 1}] * rows, data_collator=list)
    theirs = trainer.set_initial_training_values(arguments, trainer.get_train_dataloader())[-1]
    ours = make_plan(
        a_recipe(micro_batch_size=micro, accumulation=accumulation, epochs=epochs), None, a_report(train_rows=rows), a_machine()
    ).steps  # fmt: skip
    assert ours == theirs


def test_saves_and_validations_come_ten_times_unless_told() -> None:
    plan = make_plan(a_recipe(), a_model(), a_report(train_rows=1000), a_machine())
    assert (plan.steps, plan.save_steps, plan.eval_steps) == (750, 75, 75)
    plan = make_plan(a_recipe(save_steps=5, eval_steps=7), a_model(), a_report(), a_machine())
    assert (plan.save_steps, plan.eval_steps) == (5, 7)
    plan = make_plan(a_recipe(), a_model(), a_report(train_rows=4), a_machine())
    assert (plan.steps, plan.save_steps, plan.eval_steps) == (3, 1, 1)


def test_tokens_come_from_the_report() -> None:
    report = a_report().model_copy(update={"tokens": 5000, "learned_tokens": 900, "estimated": True})
    plan = make_plan(a_recipe(), a_model(), report, a_machine())
    assert (plan.tokens_per_epoch, plan.learned_tokens_per_epoch, plan.tokens_estimated) == (5000, 900, True)


def test_memory_adds_up_and_follows_the_recipe() -> None:
    model, report, machine = a_model(), a_report(), a_machine()

    def parts(**training: Any) -> dict[str, int]:
        plan = make_plan(a_recipe(**training), model, report, machine)
        assert sum(plan.memory.parts.values()) == plan.memory.total_bytes
        return plan.memory.parts

    plain = parts(dtype="bfloat16", micro_batch_size=1)
    tokens = report.lengths.max
    assert plain["activations"] == pytest.approx(tokens * 33 * (32 * 3072 + 10 * 8192) * 1.75)
    assert parts(dtype="float32")["weights"] == 4 * model.parameters == parts()["weights"]
    assert parts(dtype="bfloat16", micro_batch_size=2)["activations"] == 2 * plain["activations"]
    checkpointed = parts(dtype="bfloat16", micro_batch_size=1, gradient_checkpointing=True)
    assert checkpointed["activations"] == tokens * (2 * 3072 * 32 + 32 * 3072 + 10 * 8192)
    assert checkpointed["weights"] == plain["weights"]


def test_memory_is_planned_for_the_length_limit_until_rows_are_measured() -> None:
    recipe = edited(a_recipe(micro_batch_size=1), data__max_length=2000)
    measured = make_plan(recipe, a_model(), a_report(), a_machine()).memory.parts["activations"]
    unknown = make_plan(recipe, a_model(), None, a_machine()).memory.parts["activations"]
    assert unknown / measured == pytest.approx(2000 / 300)
    cut = make_plan(edited(recipe, data__max_length=100), a_model(), a_report(), a_machine()).memory.parts["activations"]
    assert cut / measured == pytest.approx(100 / 300)


def test_grouped_queries_count_for_the_adapter() -> None:
    plan = make_plan(a_recipe(), judge_config({**MINI, **PHI_4_MINI}), a_report(), a_machine())
    assert plan.trainable_parameters == 23_068_672


def test_missing_weights_leave_every_number_in_place() -> None:
    whole = make_plan(a_recipe(), a_model(), a_report(), a_machine(64))
    without = a_model().model_copy(update={"usable": False, "has_weights": False, "reason": "The folder holds no weights."})
    plan = make_plan(a_recipe(), without, a_report(), a_machine(64))
    assert plan.blocked
    assert plan.model_copy(update={"problems": ()}) == whole.model_copy(update={"problems": ()})
    assert [problem.what for problem in plan.problems if problem.severity == "problem"] == ["The folder holds no weights."]


def test_full_fine_tuning_counts_the_weights_once_and_in_float32() -> None:
    plan = make_plan(edited(a_recipe(dtype="bfloat16"), technique={"id": "full"}), a_model(), a_report(), a_machine())
    parts = plan.memory.parts
    assert (plan.trainable_parameters, plan.total_parameters) == (3_821_079_552, 3_821_079_552)
    assert parts["adapter"] == 0
    assert parts["weights"] + parts["gradients"] + parts["optimizer"] == 16 * 3_821_079_552
    assert plan.disk_bytes > 4 * 12 * 3_821_079_552
    assert {(problem.severity, problem.where) for problem in plan.problems} >= {
        ("advice", "training.learning_rate"), ("advice", "training.dtype"),
    }  # fmt: skip


@pytest.mark.parametrize(("rate", "advised"), [(5e-5, False), (1e-4, False), (2e-4, True)])
def test_full_fine_tuning_wants_a_low_learning_rate(rate: float, advised: bool) -> None:
    plan = make_plan(edited(a_recipe(learning_rate=rate), technique={"id": "full"}), a_model(), a_report(), a_machine())
    said = [problem.how_to_fix for problem in plan.problems if problem.where == "training.learning_rate"]
    assert said == (["Set training.learning_rate to between 1e-5 and 5e-5."] if advised else [])


@pytest.mark.parametrize(("id", "rate", "said"), [
    ("ia3", 2e-4, "low for IA3: a short run would learn next to nothing."), ("ia3", 3e-3, ""), ("ia3", 0.1, "high for IA3"),
    ("vera", 2e-4, "low for VeRA"), ("full", 5e-6, ""), ("lora", 1e-6, ""),
])  # fmt: skip
def test_a_rate_far_from_the_usual_ones_is_told(id: str, rate: float, said: str) -> None:
    plan = make_plan(edited(a_recipe(learning_rate=rate), technique={"id": id}), a_model(), a_report(), a_machine())
    told = [problem.what for problem in plan.problems if problem.where == "training.learning_rate"]
    assert len(told) == bool(said)
    assert all(said in each for each in told)


def test_quantised_weights_take_what_their_format_says_and_the_rest_stays() -> None:
    def weights(**options: Any) -> int:
        plan = make_plan(edited(a_recipe(dtype="bfloat16"), technique={"id": "qlora", **options}), a_model(), a_report(), a_machine())
        return plan.memory.parts["weights"]

    linear, unpacked = 3_623_878_656, 2 * 3072 * 16384
    rest = (3_821_079_552 - linear + unpacked) * 2
    assert weights() == pytest.approx(linear * 4.127 / 8 + rest, rel=1e-4)
    assert weights(double_quantisation=False) == linear * 4.5 / 8 + rest
    assert weights(weights="int8") == linear + rest


@pytest.mark.parametrize("id", ["qlora", "qdora"])
def test_quantised_weights_need_a_library(id: str) -> None:
    recipe = edited(a_recipe(), technique={"id": id})
    without = a_machine(64).model_copy(update={"has_bitsandbytes": False})
    assert not make_plan(recipe, a_model(), a_report(), a_machine(64)).blocked
    (problem,) = [each for each in make_plan(recipe, a_model(), a_report(), without).problems if each.severity == "problem"]
    assert (problem.where, "bitsandbytes" in problem.what) == ("technique.id", True)


@pytest.mark.parametrize(("weights", "fails"), [("nf4", FOUR_BIT), ("int8", EIGHT_BIT)])
def test_what_the_doctor_could_not_train_through_is_refused_with_its_reason(weights: str, fails: str) -> None:
    def refused(test: str, ok: bool) -> list[str]:
        finding = Finding(name=test, ok=ok, why="RuntimeError: no kernel image.", how_to_fix="Choose LoRA instead of QLoRA.")
        machine = a_machine().model_copy(update={"findings": (finding,)})
        plan = make_plan(edited(a_recipe(), technique={"id": "qlora", "weights": weights}), a_model(), a_report(), machine)
        return [f"{each.what} {each.how_to_fix}" for each in plan.problems if each.where == "technique.id"]

    (said,) = refused(fails, ok=False)
    assert said == (
        "The doctor could not train through such weights here: RuntimeError: no kernel image."
        " Choose LoRA instead of QLoRA. After mending it, check this machine again (phitune doctor)."
    )
    assert refused(fails, ok=True) == []
    assert refused(EIGHT_BIT if fails == FOUR_BIT else FOUR_BIT, ok=False) == []


def test_a_failed_test_greys_the_techniques_that_need_it_and_no_other() -> None:
    finding = Finding(name=FOUR_BIT, ok=False, why="no kernel image")
    machine = a_machine().model_copy(update={"findings": (finding,)})
    refusals = technique_refusals(Ground(a_model(), a_report(), machine))
    assert set(refusals) == {"qlora", "qdora", "loftq"}
    assert all("no kernel image" in reason for reason in refusals.values())
    assert technique_refusals(Ground(a_model(), a_report(), a_machine())) == {}


def test_what_a_technique_keeps_beside_the_optimizer_is_counted() -> None:
    def needed(**section: Any) -> tuple[int, int]:
        plan = make_plan(edited(a_recipe(), technique=section), a_model(), a_report(), a_machine())
        return plan.memory.parts["optimizer"] // plan.trainable_parameters, plan.disk_bytes

    assert needed(id="lora")[0] == 8
    assert needed(id="pissa")[0] == 12
    assert needed(id="adalora")[0] == 16
    assert needed(id="pissa")[1] == needed(id="lora")[1] + 5 * 4 * 25_165_824


def test_disk_grows_with_the_adapter_and_the_model() -> None:
    small = make_plan(a_recipe(), judge_config(STARTER), a_report(), a_machine()).disk_bytes
    large = make_plan(a_recipe(), a_model(), a_report(), a_machine()).disk_bytes
    assert small < 3e9
    assert large > 2 * 4 * a_model().parameters


def test_time_follows_parameters_tokens_and_cores() -> None:
    def seconds(**changes: Any) -> float:
        recipe = edited(a_recipe(), **{name: value for name, value in changes.items() if "__" in name})
        machine = a_machine().model_copy(update={"physical_cores": changes.get("cores", 2)})
        return make_plan(recipe, a_model(), a_report(), machine).time_seconds

    assert seconds(cores=4) < seconds() < seconds(training__epochs=6) < seconds(training__epochs=6, training__gradient_checkpointing=True)
    assert seconds(training__threads=1) > seconds()
    low, high = time_range(seconds())
    assert low < seconds() < high


def test_adapters_in_the_last_blocks_save_what_lies_below_them_unless_it_is_computed_again() -> None:
    def planned(blocks: str, **training: Any) -> tuple[int, float]:
        recipe = edited(a_recipe(dtype="bfloat16", **training), technique={"id": "lora", "model_blocks": blocks})
        plan = make_plan(recipe, a_model(), a_report(), a_machine())
        return plan.memory.parts["activations"], plan.time_seconds

    some, every, again = planned("24-31"), planned("0-31"), {"gradient_checkpointing": True}
    assert some[0] == pytest.approx(every[0] * 9 / 33)
    assert some[1] < 0.7 * every[1]
    assert planned("24-31", **again)[0] == planned("0-31", **again)[0]
    assert planned("24-31", **again)[1] == pytest.approx(planned("0-31", **again)[1], rel=0.01)


def test_time_of_the_starter_is_of_the_right_size() -> None:
    """9,000 tokens three times through 134.5 million parameters: 14.5e12 operations, minutes on two cores and not hours."""
    plan = make_plan(a_recipe(), judge_config(STARTER), a_report(), a_machine())
    assert 60 < plan.time_seconds < 600


def test_fifty_plans_take_less_than_half_a_second_of_the_processor() -> None:
    recipe = a_recipe(micro_batch_size=1024, accumulation=1)
    began = time.process_time()
    for _ in range(50):
        make_plan(recipe, a_model(), a_report(), a_machine(8))
    assert time.process_time() - began < 0.5


def test_findings_of_others_are_passed_on_once() -> None:
    told = Problem(where="/data/rows.jsonl", what="The file is no JSON.", how_to_fix="Mend it.")
    plan = make_plan(a_recipe(), a_model(), None, a_machine(), [told, told])
    assert plan.problems.count(told) == 1
    assert not any("has not been read" in problem.what for problem in plan.problems)


recipes = st.builds(
    lambda training, data, technique, launcher: Recipe.model_validate(
        {"model": {"path": "/m"}, "data": data, "training": training, "technique": technique, "launcher": launcher}
    ),
    st.fixed_dictionaries(
        {
            "epochs": st.floats(1e-6, 100), "micro_batch_size": st.integers(1, 1024), "accumulation": st.integers(1, 1024),
            "max_steps": st.none() | st.integers(1, 1_000_000), "save_steps": st.none() | st.integers(1, 10**6),
            "dtype": st.sampled_from(["auto", "float32", "bfloat16"]), "gradient_checkpointing": st.booleans(),
            "threads": st.none() | st.integers(1, 64), "warmup_steps": st.integers(0, 10_000),
        }
    ),
    st.fixed_dictionaries({"max_length": st.integers(16, 131072), "sources": st.lists(st.just({"path": "/d"}), max_size=1)}),
    st.dictionaries(st.sampled_from(["rank", "alpha", "target_modules", "colour"]),
        st.integers(-1, 2000) | st.sampled_from(["", "many", "q_proj,o_proj"])).flatmap(
        lambda options: st.sampled_from(["lora", "magic"]).map(lambda id: {**options, "id": id})
    ),
    st.fixed_dictionaries({"id": st.sampled_from(["single", "ddp"]), "processes": st.integers(1, 1024)}),
)  # fmt: skip
counts = st.integers(0, 10**7)
reports = st.builds(
    lambda rows, train, tokens, learned, longest, masked, cut: DatasetReport(
        files=("/d",), format="alpaca", format_certainty=1, format_reason="", encoding="UTF-8", rows=rows + train, kept=train,
        train_rows=train, validation_rows=0, tokens=tokens, learned_tokens=min(tokens, learned), fully_masked=masked, truncated=cut,
        lengths=Lengths(min=1, p50=min(10, longest), p95=longest // 2, max=longest),
    ),
    counts, counts, counts, counts, st.integers(0, 10**6), counts, counts,
)  # fmt: skip
models = st.sampled_from([a_model(), judge_config(STARTER), judge_config({"model_type": "llama"}), judge_config({})])
machines = st.builds(
    lambda memory, disk, cores: Hardware(
        system="", cpu="", physical_cores=cores, logical_cores=cores, memory_bytes=memory, available_memory_bytes=memory,
        free_disk_bytes=disk,
    ),
    st.integers(0, 10**13), st.integers(0, 10**13), st.integers(1, 256),
)  # fmt: skip


@given(recipes, st.none() | models, st.none() | reports, machines)
def test_every_plan_holds_together(recipe: Recipe, model: BaseModel | None, report: DatasetReport | None, machine: Hardware) -> None:
    plan = make_plan(recipe, model, report, machine)
    training, rows = recipe.training, report.train_rows if report else 0
    batch = training.micro_batch_size * training.accumulation * recipe.launcher.processes
    assert plan.steps_per_epoch == math.ceil(rows / batch)
    assert plan.steps <= math.ceil(training.epochs * plan.steps_per_epoch)
    assert plan.steps <= (training.max_steps or plan.steps)
    assert (plan.steps > 0) == (rows > 0)
    assert plan.save_steps >= 1
    assert plan.eval_steps >= 1
    assert plan.memory.total_bytes == sum(plan.memory.parts.values())
    assert bool(plan.make_it_fit) <= (plan.memory.total_bytes > plan.memory.available_bytes)
    assert math.isfinite(plan.time_seconds)
    for problem in plan.problems:
        assert problem.what.endswith("."), problem.what
        assert problem.how_to_fix.endswith("."), problem.how_to_fix
    severities = [problem.severity for problem in plan.problems]
    assert severities == sorted(severities, reverse=True)
