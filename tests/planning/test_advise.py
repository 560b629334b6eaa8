"""Advice follows the scenario, the machine and the data; what the table says is shown and disables nothing."""

import pytest

from phitune_gui.catalog.scenarios import SCENARIOS, scenario
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Gpu
from phitune_gui.core.recipe import with_value
from phitune_gui.planning.advise import Place, advise, ranked_by
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.plan import make_plan
from phitune_gui.planning.suitability import suitability
from phitune_gui.planning.typical import typical_model, typical_report, with_typical_lengths
from tests.helpers.factories import GB, a_machine, a_model, a_recipe, a_report

every_scenario = pytest.mark.parametrize("each", SCENARIOS, ids=lambda each: each.id)


def rows(count: int) -> DatasetReport:
    """So many rows to learn from, a hundred tokens each."""
    return a_report(train_rows=count).model_copy(update={"tokens": 100 * count, "learned_tokens": 60 * count})


def ranking(id: str, memory_gb: float = 64, count: int = 1000, gpus: int = 0, has_deepspeed: bool = False) -> tuple[Place, ...]:
    """For Phi-3-mini."""
    machine = a_machine(memory_gb).model_copy(
        update={"gpus": (Gpu(name="A", memory_bytes=24 * GB),) * gpus, "has_deepspeed": has_deepspeed}
    )
    return advise(scenario(id), a_recipe(), Ground(a_model(), rows(count), machine))


def place(places: tuple[Place, ...], id: str) -> Place:
    """The technique's place."""
    return next(place for place in places if place.technique == id)


def ids(places: tuple[Place, ...]) -> list[str]:
    """Techniques in the order of the ranking."""
    return [place.technique for place in places]


@every_scenario
def test_every_technique_has_a_place_whatever_the_table_says(each: object) -> None:
    assert sorted(ids(ranking(each.id))) == sorted([*(offered.id for offered in TECHNIQUES), "deepspeed", "zero"])  # type: ignore[attr-defined]


@every_scenario
def test_a_no_of_the_table_disables_nothing(each: object) -> None:
    works = {place.technique: place.works_here for place in ranking(each.id)}  # type: ignore[attr-defined]
    assert works == {place.technique: place.works_here for place in ranking("adapt")}


def test_corrections_are_said_and_ranked_by() -> None:
    lora = place(ranking("memory"), "lora")
    assert (lora.document_says, lora.corrected) == (False, True)
    assert lora.why.startswith("The document says No for LoRA; its authors have since corrected this to Yes.")
    dora = place(ranking("aggregate_gpu"), "dora")
    assert (dora.document_says, dora.corrected) == (True, False)
    assert place(ranking("adapt"), "lora").why == "The document says Yes for LoRA."


def test_memory_changes_what_works_and_how() -> None:
    small, middle, large = (place(ranking("chat", memory), "lora") for memory in (4, 16, 64))
    assert (small.works_here, middle.works_here, large.works_here) == (False, True, True)
    assert small.reason.endswith("of memory even with every saving, and 4.0 GB are free.")
    assert middle.changes
    assert middle.reason.startswith("Fits with Rows at a time ")
    assert not large.changes
    assert "GB of the 64.0 GB that are free and about" in large.reason
    assert middle.memory_bytes <= 16 * GB


def test_figures_are_those_of_the_plan() -> None:
    plan = make_plan(with_value(a_recipe(), "technique", {"id": "dora"}), a_model(), rows(1000), a_machine(64))
    dora = place(ranking("chat"), "dora")
    assert (dora.memory_bytes, dora.seconds) == (plan.memory.total_bytes, plan.time_seconds)
    assert dora.trainable_parameters == plan.trainable_parameters


def test_the_smallest_machine_is_told_what_lacks_least() -> None:
    needs = [place.memory_bytes for place in ranking("chat", 3) if place.can_be_chosen and not place.works_here]
    assert len(needs) > 10
    assert needs == sorted(needs)


def test_many_rows_ask_for_more_room_than_few() -> None:
    few, many = ranking("qa", count=50), ranking("qa", count=50_000)
    assert ids(few) != ids(many)
    assert "50 rows are not learned by heart" in place(few, "ia3").reason
    assert "50,000 rows finds no room" in place(many, "ia3").reason
    assert ids(many).index("ia3") > ids(many).index("loha")
    assert ids(few).index("ia3") < ids(few).index("loha")


def test_training_all_weights_suits_many_rows_and_not_few() -> None:
    plan = make_plan(a_recipe(), a_model(), rows(50), a_machine(64)).model_copy(update={"trainable_percent": 100.0})
    few, middle, many = (suitability(plan.model_copy(update={"train_rows": count})).distance for count in (50, 1000, 50_000))
    assert few > middle > many


def test_two_devices_bring_sharing_where_deepspeed_is_installed() -> None:
    one, two = ranking("aggregate_gpu", gpus=1), ranking("aggregate_gpu", gpus=2)
    assert not place(one, "zero").works_here
    assert "only one is here" in place(one, "zero").reason
    assert not place(two, "zero").works_here
    assert "DeepSpeed" in place(two, "zero").reason
    shared = ranking("aggregate_gpu", gpus=2, has_deepspeed=True)
    assert ids(shared)[:2] == ["deepspeed", "zero"]
    assert place(shared, "zero").works_here
    assert not place(shared, "zero").can_be_chosen


def test_each_aim_ranks_by_its_own_measure() -> None:
    for free in (16, 64):
        by_memory = [place.written_bytes for place in ranking("memory", free) if place.works_here]
        assert by_memory == sorted(by_memory)
    by_parameters = [place.trainable_parameters for place in ranking("fewer_params") if place.works_here]
    assert by_parameters == sorted(by_parameters)
    assert ids(ranking("chat"))[0] == "lora"


def test_faults_of_the_data_are_not_held_against_a_technique() -> None:
    broken = rows(1000).model_copy(update={"broken": 3})
    assert advise(scenario("chat"), a_recipe(), Ground(a_model(), broken, a_machine(64)))[0].works_here


def test_without_a_model_nothing_is_reckoned_and_that_is_said() -> None:
    first = advise(scenario("chat"), a_recipe(), Ground(None, None, a_machine(64)))[0]
    assert (first.technique, first.memory_bytes) == ("lora", 0)
    assert "known when a model is chosen" in first.reason


def test_what_is_assumed_can_be_planned() -> None:
    plan = make_plan(a_recipe(), typical_model(), typical_report(), a_machine(64))
    assert not plan.blocked
    assert plan.total_parameters == 3_821_079_552


def test_rows_without_a_tokenizer_count_as_rows_of_middle_length() -> None:
    counted = rows(1000)
    assert with_typical_lengths(counted) is counted
    assumed = with_typical_lengths(counted.model_copy(update={"tokens": 0}))
    assert (assumed.tokens, assumed.estimated) == (256_000, True)


def test_the_order_by_cost_falls_back_to_memory_while_no_time_is_known_and_says_so() -> None:
    ground = Ground(a_model(), None, a_machine(64))
    places = advise(scenario("cost"), a_recipe(), ground)
    works = [place for place in places if place.works_here and place.corrected]
    assert not any(place.seconds for place in places)
    assert works == sorted(works, key=lambda place: (place.written_bytes, place.trainable_parameters))
    assert ranked_by(scenario("cost"), places).startswith("How long each takes is not known yet, so the order goes by memory")
    assert ranked_by(scenario("cost"), ranking("cost")) == "Ordered by time, then by memory."


@every_scenario
def test_every_order_says_what_it_goes_by(each: object) -> None:
    assert ranked_by(each, ranking(each.id)).startswith("Ordered by ")  # type: ignore[arg-type, attr-defined]
