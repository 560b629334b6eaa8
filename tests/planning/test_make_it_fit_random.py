"""Make it fit on 300 random plans that do not fit: every offer is enough, nothing of it is needless, and no other set is quicker."""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain, combinations, product
from typing import Any, NamedTuple

import pytest

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.techniques import TECHNIQUES, technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport, Lengths
from phitune_gui.core.hardware import Gpu, Hardware
from phitune_gui.core.plan import Change, Plan
from phitune_gui.core.recipe import Recipe, with_value
from phitune_gui.planning import plan as planning
from phitune_gui.planning import trial
from phitune_gui.planning.figures import count
from phitune_gui.planning.memory import plan_memory
from phitune_gui.planning.plan import make_plan
from phitune_gui.planning.time import Estimate, estimate
from tests.catalog.test_base_models import MEDIUM, MINI, PHI_4_MINI, STARTER
from tests.helpers.factories import GB, a_machine, a_recipe, a_report

PLANS = 300
TINY = {**MINI, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2}
CONFIGS = (MINI, {**MINI, **MEDIUM}, {**MINI, **PHI_4_MINI}, STARTER, TINY)
MODELS = [judge_config(config).model_copy(update={"has_weights": True, "has_tokenizer": True}) for config in CONFIGS]
FOUR_BITS = {"lora": "qlora", "dora": "qdora"}
CUT, FOUR = "data.max_length", "technique."

Edit = dict[str, Any]


class Case(NamedTuple):
    """One plan's ground."""

    recipe: Recipe
    model: BaseModel
    report: DatasetReport | None
    hardware: Hardware

    def fits(self, edits: Edit) -> bool:
        """Whether the edited recipe fits by the plan's own parts."""
        recipe = edited(self.recipe, edits)
        memory = plan_memory(recipe, self.model, count(recipe, self.model, self.report), self.hardware)
        return memory.total_bytes <= memory.available_bytes

    def seconds(self, edits: Edit) -> float:
        """How long the edited recipe takes."""
        recipe = edited(self.recipe, edits)
        return estimate(recipe, self.model, self.report, count(recipe, self.model, self.report), self.hardware).seconds

    def planned(self, edits: Edit) -> Plan:
        """The whole plan of the recipe, edited as window and command line do."""
        recipe = self.recipe
        for name, value in edits.items():
            recipe = with_value(recipe, name, value)
        return make_plan(recipe, self.model, self.report, self.hardware)

    def plan_fits(self, edits: Edit) -> bool:
        """Whether it fits by that plan."""
        memory = self.planned(edits).memory
        return memory.total_bytes <= memory.available_bytes


def edited(recipe: Recipe, edits: Edit) -> Recipe:
    """Without validation, which would make 300 enumerations slow; `planned` does it with."""
    for name, value in edits.items():
        section, _, field = name.partition(".")
        recipe = recipe.model_copy(update={section: getattr(recipe, section).model_copy(update={field: value})})
    return recipe


def options(dice: random.Random, id: str) -> dict[str, Any]:
    """Some options of the technique, drawn within their limits."""
    has = next(known for known in TECHNIQUES if known.id == id).options.model_fields
    drawn: dict[str, Any] = {"rank": dice.choice([4, 8, 16, 64]), "dropout": 0.1, "double_quantisation": dice.random() < 0.5}
    if id == "qlora":
        drawn["weights"] = dice.choice(["nf4", "int8"])
    if "target_modules" in has and dice.random() < 0.5:
        drawn["target_modules"] = ["qkv_proj", "o_proj"]
    return {name: value for name, value in drawn.items() if name in has and dice.random() < 0.8}


def draw(dice: random.Random) -> Case:
    """Any recipe, model, dataset and machine."""
    technique = dice.choice(TECHNIQUES).id if dice.random() < 0.6 else dice.choice(["lora", "dora", "qlora", "qdora"])
    launcher = dice.choice([known for known in LAUNCHERS if not known.shares])
    recipe = a_recipe(
        micro_batch_size=dice.choice([1, 2, 3, 4, 6, 8, 13, 16, 32, 64]), accumulation=dice.choice([1, 1, 2, 3, 8, 16]),
        dtype=dice.choice(["auto", "float32", "bfloat16"]), gradient_checkpointing=dice.random() < 0.3, epochs=dice.choice([0.5, 1.0, 3.0]),
    )  # fmt: skip
    recipe = with_value(recipe, "technique", {"id": technique, **options(dice, technique)})
    recipe = with_value(recipe, "data.max_length", dice.choice([128, 512, 1024, 2048, 4096]))
    recipe = with_value(recipe, "launcher", {"id": launcher.id, "processes": dice.choice([2, 3, 4, 6]) if launcher.several else 1})
    longest = dice.randint(20, 5000)
    lengths = Lengths(min=10, p50=longest // 4, p95=longest * dice.randint(5, 10) // 10, max=longest)
    tokens = {"tokens": 90 * longest // 3, "learned_tokens": 90 * longest // 6}
    report = a_report().model_copy(update={"lengths": lengths, **tokens}) if dice.random() < 0.8 else None
    gpus = (Gpu(name="A", memory_bytes=dice.choice([8, 24, 80]) * GB),) * dice.choice([0, 0, 0, 1, 2])
    machine = a_machine(dice.uniform(2, 64)).model_copy(update={"gpus": gpus, "has_bitsandbytes": dice.random() < 0.8})
    return Case(recipe, dice.choice(MODELS), report, machine)


def cases() -> Iterator[Case]:
    """The same 300 every time."""
    dice, found = random.Random(7), 0
    while found < PLANS:
        case = draw(dice)
        if not case.fits({}):
            found += 1
            yield case


def other_edits(case: Case) -> list[Edit]:
    """What may be changed beside rows, written down here once more so that a forgotten edit would be noticed."""
    recipe, report = case.recipe, case.report
    edits: list[Edit] = []
    if not recipe.training.gradient_checkpointing and technique(recipe.technique.id).can_checkpoint:
        edits.append({"training.gradient_checkpointing": True})
    if recipe.training.dtype != "bfloat16":
        edits.append({"training.dtype": "bfloat16"})
    if recipe.launcher.id == "ddp":
        edits.append({"launcher.id": "fsdp2"})
    if report and 16 <= report.lengths.p95 < min(report.lengths.max, recipe.data.max_length):
        edits.append({CUT: report.lengths.p95})
    if recipe.technique.id in FOUR_BITS and case.hardware.has_bitsandbytes:
        edits.append({"technique.id": FOUR_BITS[recipe.technique.id]})
    if recipe.technique.options.get("weights") == "int8" and case.hardware.has_bitsandbytes:
        edits.append({"technique.weights": "nf4"})
    return edits


def row_edits(recipe: Recipe) -> list[Edit]:
    """Every smaller number of rows at the same effective batch, and as it is, most rows first."""
    rows, batch = recipe.training.micro_batch_size, recipe.training.micro_batch_size * recipe.training.accumulation
    return [{}] + [
        {"training.micro_batch_size": part, "training.accumulation": batch // part}
        for part in range(rows - 1, 0, -1)
        if batch % part == 0 and batch // part <= 1024
    ]


def process_edits(recipe: Recipe) -> list[Edit]:
    """As it is, and every smaller number of processes at the same effective batch, most processes first."""
    many, passes = recipe.launcher.processes, recipe.launcher.processes * recipe.training.accumulation
    return [{}] + [
        {"launcher.processes": fewer, "training.accumulation": passes // fewer}
        for fewer in range(many - 1, 1, -1)
        if recipe.launcher.id != "single" and passes % fewer == 0 and passes // fewer <= 1024
    ]


def allowed(case: Case, edits: Edit) -> bool:
    """Whether the launcher takes the technique that the edits choose."""
    after = edited(case.recipe, edits)
    launcher = next(known for known in LAUNCHERS if known.id == after.launcher.id)
    is_new = after.launcher.id != case.recipe.launcher.id or after.technique.id != case.recipe.technique.id
    return not is_new or launcher.techniques is None or after.technique.id in launcher.techniques


def enough(case: Case, others: list[Edit]) -> list[Edit]:
    """Every set of fields whose change is enough, tried out one by one, with the values that leave the most rows."""
    found: dict[frozenset[str], Edit] = {}
    sets = chain.from_iterable(combinations(others, size) for size in range(len(others) + 1))
    for some, fewer in product(sets, process_edits(case.recipe)):
        for rows in row_edits(edited(case.recipe, fewer)):
            edits = {name: value for edit in (fewer, rows, *some) for name, value in edit.items()}
            if frozenset(edits) not in found and allowed(case, edits) and case.fits(edits):
                found[frozenset(edits)] = edits
    return [edits for fields, edits in found.items() if not any(less < fields for less in found)]


def is_last_resort(edits: Edit) -> bool:
    """Whether it changes what is learned, or the technique."""
    return any(name == CUT or name.startswith(FOUR) for name in edits)


def as_edits(changes: tuple[Change, ...]) -> Edit:
    """As window and command line get them."""
    return {change.field: change.value for change in changes}


def parts(offer: Edit) -> list[Edit]:
    """The offer's changes; accumulation goes with rows and with processes, because the effective batch has to stay."""
    accumulated = {name: value for name, value in offer.items() if name == "training.accumulation"}
    return [
        {name: value, **(accumulated if name in ("training.micro_batch_size", "launcher.processes") else {})}
        for name, value in offer.items()
        if name not in accumulated
    ]


def rows_of_a_step(recipe: Recipe) -> int:
    """The effective batch."""
    return recipe.training.micro_batch_size * recipe.training.accumulation * recipe.launcher.all_processes


def check_offer(case: Case, offer: Edit) -> None:
    """It is enough and nothing can be left out, nor need there be so few rows or processes."""
    assert case.plan_fits(offer)
    after = case.recipe
    for name, value in offer.items():
        after = with_value(after, name, value)
    assert rows_of_a_step(after) == rows_of_a_step(case.recipe)
    for left in parts(offer):
        assert not case.plan_fits({name: value for name, value in offer.items() if name not in left})
    if "training.micro_batch_size" in offer:
        rows = int(offer["training.micro_batch_size"])
        many = int(offer.get("launcher.processes", 0))
        before = edited(case.recipe, next(edit for edit in process_edits(case.recipe) if edit.get("launcher.processes", 0) == many))
        more = [edit for edit in row_edits(before) if edit and edit["training.micro_batch_size"] > rows]
        assert not any(case.plan_fits({**offer, **edit}) for edit in more)
    if "launcher.processes" in offer and "training.micro_batch_size" not in offer:
        more = [edit for edit in process_edits(case.recipe) if edit and edit["launcher.processes"] > int(offer["launcher.processes"])]
        assert not any(case.plan_fits({**offer, **edit}) for edit in more)


def check_case(case: Case) -> int:
    """Everything that is promised about one plan; says how many offers there were."""
    plan = make_plan(case.recipe, case.model, case.report, case.hardware)
    minimal = enough(case, other_edits(case))
    gentle = [edits for edits in minimal if not is_last_resort(edits)]
    offers = [as_edits(offer) for offer in (plan.make_it_fit, *plan.other_ways_to_fit) if offer]
    assert bool(offers) == bool(minimal)
    if not offers:
        assert "Even with every saving it needs " in next(each.what for each in plan.problems if each.where == "training.micro_batch_size")
        return 0
    seconds = [round(case.planned(edits).time_seconds, 3) for edits in offers]
    assert seconds == sorted(seconds)
    assert seconds[0] <= round(min(case.seconds(edits) for edits in gentle or minimal), 3)
    assert not gentle or not any(map(is_last_resort, offers))
    for offer in offers:
        check_offer(case, offer)
    assert sum(change.adds_seconds for change in plan.make_it_fit) == pytest.approx(seconds[0] - plan.time_seconds, abs=1e-2)
    return len(offers)


def drawn_clock(dice: random.Random) -> Callable[..., float]:
    """An estimate of time in which every edit has a price of its own, some below one."""
    rows, twice, cut, four, rounded, borrowed, together = (dice.uniform(0.3, 3) for _ in range(7))

    def seconds(recipe: Recipe, *_others: object) -> Estimate:
        price = 1000 * (1 + rows / recipe.training.micro_batch_size) * recipe.data.max_length**cut
        price *= 1 + together / recipe.launcher.processes
        for chosen, factor in (
            (recipe.training.gradient_checkpointing, twice), (recipe.training.dtype == "bfloat16", rounded),
            (recipe.launcher.id == "fsdp2", borrowed), (recipe.technique.id.startswith("q"), four),
        ):  # fmt: skip
            price *= factor if chosen else 1
        return Estimate(price)

    return seconds


def test_whatever_edits_cost_the_quickest_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing hangs on what the estimate of time knows today."""
    dice = random.Random(11)
    for case in cases():
        clock = drawn_clock(dice)
        for module in (trial, planning, sys.modules[__name__]):
            monkeypatch.setattr(module, "estimate", clock)
        check_case(case)


def test_300_random_plans_get_the_quickest_edits_that_are_enough_and_no_more() -> None:
    counts = [check_case(case) for case in cases()]
    assert len(counts) == PLANS
    assert min(counts.count(number) for number in (0, 1, 2)) >= 10, "The plans are too alike to say anything."


def test_these_plans_are_made_in_less_than_10_ms_of_the_processor() -> None:
    took = []
    for case in cases():
        began = time.process_time()
        make_plan(*case)
        took.append(time.process_time() - began)
    assert statistics.median(took) < 0.01
