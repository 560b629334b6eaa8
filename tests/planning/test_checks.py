"""Every check speaks when it should, in a whole sentence that names figures, and is silent otherwise."""

from typing import Any

import pytest

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport, RejectedRow
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe, with_value
from phitune_gui.planning.plan import make_plan
from tests.helpers.factories import GB, a_machine, a_model, a_recipe, a_report


def planned(
    recipe: Recipe | None = None, model: BaseModel | None = None, report: DatasetReport | None = None, memory_gb: float = 64,
    disk: int = 80 * GB,
) -> Plan:  # fmt: skip
    """A plan on a large machine, with whatever is not given being fine."""
    machine = a_machine(memory_gb).model_copy(update={"free_disk_bytes": disk, "disk_folder": "/home/me/runs"})
    return make_plan(recipe or a_recipe(), model or a_model(), report or a_report(), machine)


def only(plan: Plan) -> Problem:
    """The one finding."""
    (problem,) = plan.problems
    return problem


def reported(**changes: Any) -> DatasetReport:
    """A report that differs from a clean one."""
    return a_report().model_copy(update=changes)


def with_values(**values: Any) -> Recipe:
    """The clean recipe with some fields set; __ stands for a dot."""
    recipe = a_recipe()
    for name, value in values.items():
        recipe = with_value(recipe, name.replace("__", "."), value)
    return recipe


def test_clean_run_has_no_findings() -> None:
    assert planned().problems == ()
    assert planned().make_it_fit == ()


def test_nothing_chosen_names_model_and_data() -> None:
    plan = make_plan(Recipe(), None, None, a_machine())
    assert [problem.where for problem in plan.problems] == ["model.path", "data.sources"]
    assert [problem.what for problem in plan.problems] == ["No model is chosen.", "No dataset is chosen."]


def test_chosen_but_unread_blocks_start() -> None:
    plan = make_plan(a_recipe("/models/phi"), None, None, a_machine())
    assert plan.blocked
    assert "/models/phi has not been read" in plan.problems[0].what
    assert "dataset has not been read" in plan.problems[1].what


def test_unusable_model_passes_its_own_words_on() -> None:
    model = a_model().model_copy(update={"usable": False, "reason": "It is a Llama model.", "how_to_fix": "Take another."})
    assert only(planned(model=model)) == Problem(where="model.path", what="It is a Llama model.", how_to_fix="Take another.")


def test_usable_model_without_weights_is_a_problem() -> None:
    assert "no weights" in only(planned(model=a_model().model_copy(update={"has_weights": False}))).what


@pytest.mark.parametrize(
    ("changes", "severity", "where", "words"),
    [
        (
            {"rows": 11, "kept": 0, "train_rows": 0, "fully_masked": 11, "max_length": 20, "tokens": 0, "learned_tokens": 0},
            "problem", "data.max_length", "None of 11 rows can be used: in 11 of them no answer is left within 20 tokens",
        ),
        ({"rows": 0, "kept": 0, "train_rows": 0, "tokens": 0, "learned_tokens": 0}, "problem", "data.sources", "holds no rows"),
        (
            {"kept": 0, "train_rows": 0, "rejected": (RejectedRow(file="a", line=3, reason="No question.", fix="Add one."),)},
            "problem", "data.sources", "None of 100 rows can be used. The first one: No question.",
        ),
        ({"train_rows": 0}, "problem", "data.validation", "All 100 usable rows are held out"),
        ({"learned_tokens": 0}, "problem", "data.train_on", "hold no answers"),
        ({"fully_masked": 3}, "advice", "data.max_length", "Nothing is learned from 3 rows"),
        ({"truncated": 5}, "advice", "data.max_length", "Cut because longer than 1,024 tokens: 5 rows."),
        ({"rejected_count": 7, "rows": 1100}, "advice", "data.sources", "7 of 1,100 rows"),
        ({"control_tokens_in_text": 1}, "advice", "data.sources", "in the texts of 1 row "),
        ({"duplicates": 2}, "advice", "data.sources", "repeat another row"),
        ({"leaks": 2}, "advice", "data.validation", "both learned and held out"),
    ],
)  # fmt: skip
def test_doctor_findings_become_sentences(changes: dict[str, Any], severity: str, where: str, words: str) -> None:
    problem = only(planned(report=reported(**changes)))
    assert (problem.severity, problem.where) == (severity, where)
    assert words in problem.what
    assert problem.how_to_fix.endswith(".")


def test_rejected_rows_are_found_from_the_command_line_too() -> None:
    assert "phitune inspect" in only(planned(report=reported(rejected_count=7, rows=1100))).how_to_fix


@pytest.mark.parametrize(("longest", "limit", "fix"), [
    (2000, 1024, "Raise data.max_length; the longest row has 2,000 tokens."),
    (9000, 1024, "Raise data.max_length to 4,096 at most, or split texts; the longest row has 9,000 tokens."),
    (9000, 4096, "Split long texts: the longest row has 9,000 tokens, and Phi-3-mini-4k reads 4,096 at most."),
])  # fmt: skip
def test_rows_are_not_made_longer_than_the_model_reads(longest: int, limit: int, fix: str) -> None:
    report = reported(truncated=5, lengths=a_report().lengths.model_copy(update={"max": longest}))
    found = planned(with_values(data__max_length=limit), report=report, memory_gb=900).problems
    assert fix in [problem.how_to_fix for problem in found]


def test_nobody_is_told_to_go_beyond_what_the_model_reads() -> None:
    for report in (reported(learned_tokens=0, truncated=100, fully_masked=100), reported(fully_masked=3)):
        found = planned(with_values(data__max_length=4096), report=report, memory_gb=900).problems
        assert not any("Raise data.max_length" in problem.how_to_fix for problem in found)
        assert any(problem.how_to_fix.startswith("Shorten the questions,") for problem in found)


def test_answers_that_are_all_cut_off_block_start() -> None:
    plan = planned(report=reported(learned_tokens=0, truncated=100, fully_masked=100))
    assert plan.blocked
    assert "No answer is left" in plan.problems[0].what
    assert plan.problems[0].where == "data.max_length"


def test_longest_conversation_must_fit_the_context() -> None:
    assert "reads at most 4,096" in only(planned(with_values(data__max_length=4097))).what
    assert planned(with_values(data__max_length=4096)).problems == ()


def test_long_models_are_advised_to_stay_within_their_original_context() -> None:
    model = a_model().model_copy(update={"context": 131072, "original_context": 4096, "sliding_window": 262144})
    advice = only(planned(with_values(data__max_length=8192), model))
    assert (advice.severity, "4,096" in advice.what) == ("advice", True)
    assert planned(with_values(data__max_length=4096), model).problems == ()


def test_rows_beyond_the_sliding_window_are_advised_against() -> None:
    lengths = a_report().lengths.model_copy(update={"max": 3000})
    recipe = with_values(data__max_length=4096, training__micro_batch_size=1, training__gradient_checkpointing=True)
    advice = only(planned(recipe, report=reported(lengths=lengths)))
    assert (advice.severity, "3,000" in advice.what, "2,047" in advice.what) == ("advice", True, True)
    assert (
        planned(
            with_values(data__max_length=2047, training__micro_batch_size=1, training__gradient_checkpointing=True),
            report=reported(lengths=lengths),
        ).problems
        == ()
    )


def test_other_launchers_are_refused_in_plain_words() -> None:
    problem = only(planned(with_values(launcher__id="slurm")))
    assert problem.where == "launcher.id"
    assert problem.what == "PhiTune has no launcher named 'slurm'."
    assert problem.how_to_fix == "Choose one of: single, ddp, fsdp2, zero1, zero2, zero3."


@pytest.mark.parametrize(("id", "processes"), [("single", 2), ("ddp", 1), ("fsdp2", 1)])
def test_a_number_of_processes_that_the_launcher_does_not_start_is_a_problem(id: str, processes: int) -> None:
    assert only(planned(with_values(launcher__id=id, launcher__processes=processes))).where == "launcher.processes"


def test_several_processes_share_the_memory_of_the_machine() -> None:
    one = planned(with_values(launcher__id="single")).memory.total_bytes
    assert planned(with_values(launcher__id="ddp", launcher__processes=3)).memory.total_bytes == 3 * one


def test_processes_that_split_the_layers_hold_them_once() -> None:
    """Phi-3-mini's layers are 3,624 million parameters; its tables 98 million each."""
    whole, split = (planned(with_values(launcher__id=id, launcher__processes=4), memory_gb=640).memory for id in ("ddp", "fsdp2"))
    layers, outside = 4 * 3_624_075_264, 4 * 197_004_288
    assert whole.parts["weights"] == 4 * (layers + outside)
    assert split.parts["weights"] == layers + 4 * outside
    assert split.parts["borrowed"] == 4 * 2 * layers // 32
    assert split.parts["overhead"] == whole.parts["overhead"]
    assert split.total_bytes == sum(split.parts.values())


def test_loading_is_planned_where_it_needs_more_than_training() -> None:
    """The last of four processes holds the model whole while the others hold three quarters of it."""
    short = {"launcher__id": "fsdp2", "launcher__processes": 4, "data__max_length": 16}
    lengths = a_report().lengths.model_copy(update={"max": 16})
    brief = planned(with_values(**short), report=reported(lengths=lengths)).memory
    long = planned(
        with_values(**{**short, "data__max_length": 1024}), report=reported(lengths=lengths.model_copy(update={"max": 1024}))
    ).memory
    layers, outside = 4 * 3_624_075_264, 4 * 197_004_288
    assert brief.parts["loading"] > 0
    assert brief.total_bytes == layers * 7 // 4 + 4 * outside + brief.parts["overhead"]
    assert long.parts["loading"] == 0


MACHINES = {"launcher__id": "ddp", "launcher__nodes": 3, "launcher__rendezvous": "192.168.1.5:29500"}


def test_machines_multiply_the_rows_of_a_step_but_not_the_memory_of_this_one() -> None:
    one, three = planned(with_values()), planned(with_values(**MACHINES))

    assert three.effective_batch_size == 3 * one.effective_batch_size
    assert three.memory.total_bytes == one.memory.total_bytes
    (advice,) = three.problems
    assert (advice.severity, advice.where) == ("advice", "launcher.rendezvous")
    assert advice.what.startswith("While this run trains, this machine can be reached at 192.168.1.5:29500.")


def test_machines_that_split_the_layers_hold_a_share_each() -> None:
    split = {"launcher__id": "fsdp2", "launcher__processes": 2}
    more = {**MACHINES, **split, "launcher__nodes": 2}
    two, four = (planned(with_values(**values), memory_gb=640).memory for values in (split, more))

    layers = two.parts["weights"] - four.parts["weights"]
    assert layers == pytest.approx(two.parts["borrowed"] * a_model().layers / 8, rel=0.01)  # half of the layers lie elsewhere


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"rendezvous": ""}, "launcher.rendezvous", "3 machines are asked for, but not where they meet."),
        ({"rendezvous": "0.0.0.0:29500"}, "launcher.rendezvous", "would listen on every network"),
        ({"rendezvous": "box"}, "launcher.rendezvous", "is no address"),
        ({"id": "single"}, "launcher.nodes", "starts one process, but 3 are asked for"),
    ],
)
def test_machines_that_cannot_meet_are_a_problem(changes: dict[str, Any], where: str, words: str) -> None:
    found = planned(with_values(**{**MACHINES, **{f"launcher__{name}": value for name, value in changes.items()}})).problems
    (problem,) = [problem for problem in found if problem.severity == "problem"]
    assert problem.where == where
    assert words in problem.what


def test_a_meeting_address_for_one_machine_is_named_as_useless() -> None:
    advice = only(planned(with_values(launcher__rendezvous="192.168.1.5:29500")))
    assert (advice.severity, advice.where) == ("advice", "launcher.rendezvous")


def test_techniques_that_the_launcher_is_not_proven_for_are_refused() -> None:
    assert planned(with_values(launcher__id="fsdp2", launcher__processes=2), memory_gb=640).problems == ()
    found = planned(with_values(launcher__id="fsdp2", launcher__processes=2, technique__id="qlora"), memory_gb=640).problems
    (problem,) = [problem for problem in found if problem.where == "launcher.id"]
    assert problem.severity == "problem"
    assert "“Several processes, one model” does not train QLoRA" in problem.what
    assert "wrong gradients" in problem.what
    assert "ddp or single" in problem.how_to_fix


def test_technique_findings_are_part_of_the_plan() -> None:
    assert only(planned(with_values(technique__rank=0))).where == "technique.rank"
    assert only(planned(with_values(technique__id="magic"))).where == "technique.id"
    assert only(planned(with_values(technique__target_modules=["q_proj"]))).where == "technique.target_modules"


def test_warm_up_as_long_as_the_run_is_advised_against() -> None:
    assert only(planned(a_recipe(max_steps=3))).where == "training.warmup_steps"
    assert planned(a_recipe(max_steps=4)).problems == ()


def test_memory_is_advice_when_tight_and_a_problem_above() -> None:
    needed = planned().memory.total_bytes / GB
    assert planned(memory_gb=needed / 0.84).problems == ()
    assert only(planned(memory_gb=needed / 0.9)).severity == "advice"
    tight = only(planned(memory_gb=needed * 0.99))
    assert (tight.severity, tight.where) == ("problem", "training.micro_batch_size")
    assert f"{needed:.1f} GB" in tight.what


def test_disk_is_a_problem_for_training_and_advice_for_exporting() -> None:
    full = only(planned(disk=1_000_000))
    assert (full.severity, full.where) == ("problem", "/home/me/runs")
    assert "the disk of /home/me/runs has only 1.0 MB free" in full.what
    assert "1.3 GB" in full.what
    later = only(planned(disk=10 * GB))
    assert later.severity == "advice"
    assert "10.0 GB free" in later.what


def test_a_damaged_line_stops_the_run_until_it_is_left_out_on_purpose() -> None:
    line = RejectedRow(file="/d/rows.jsonl", line=17, reason="It is not valid JSON.", fix="Mend it.", broken=True)
    report = reported(rejected=(line,), rejected_count=1, broken=1)

    found = only(planned(report=report))
    advice = only(planned(recipe=with_value(a_recipe(), "data.broken_rows", "leave_out"), report=report))

    assert found.severity == "problem"
    assert found.where == "/d/rows.jsonl:17"
    assert "Line 17 of rows.jsonl" in found.what
    assert advice.severity == "advice"


@pytest.mark.parametrize(("name", "value"), [("zero_stage", 3), ("offload", "cpu")])
def test_settings_that_the_launcher_ignores_are_named(name: str, value: object) -> None:
    advice = only(planned(with_value(a_recipe(), f"launcher.{name}", value)))
    assert advice.severity == "advice"
    assert advice.where == f"launcher.{name}"
    assert str(value) in advice.what
    assert "no effect" in advice.what


def test_virtual_tokens_need_room_in_memory_and_context() -> None:
    plain, longer = (planned(with_values(technique={"id": "prompt", "virtual_tokens": tokens})) for tokens in (1, 101))
    assert longer.memory.parts["activations"] > plain.memory.parts["activations"]
    context = a_model().context
    recipe = with_values(technique={"id": "prompt", "virtual_tokens": 20}, data__max_length=context - 10)
    (problem,) = [found for found in planned(recipe).problems if found.severity == "problem"]
    assert problem.where == "data.max_length"
    assert f"{context - 20}" in problem.how_to_fix


def test_prefix_tuning_cannot_compute_activations_twice_and_making_it_fit_does_not_ask_for_it() -> None:
    recipe = with_values(technique={"id": "prefix"}, training__gradient_checkpointing=True)
    (problem,) = [found for found in planned(recipe).problems if found.severity == "problem"]
    assert problem.where == "training.gradient_checkpointing"
    changes = planned(with_values(technique={"id": "prefix"}), memory_gb=20).make_it_fit
    assert changes
    assert "training.gradient_checkpointing" not in {change.field for change in changes}


@pytest.mark.parametrize(("start", "text", "severity"), [("text", " ", "problem"), ("random", "Be brief.", "advice")])
def test_a_start_text_must_be_there_and_be_used(start: str, text: str, severity: str) -> None:
    recipe = with_values(technique={"id": "prompt", "start": start, "text": text})
    (problem,) = [found for found in planned(recipe).problems if found.where == "technique.text"]
    assert problem.severity == severity


@pytest.mark.parametrize(("launcher", "processes", "told"), [("ddp", 9, True), ("ddp", 2, False), ("fsdp2", 3, True)])
def test_more_processes_than_cores_are_advised_against(launcher: str, processes: int, told: bool) -> None:
    recipe = with_value(with_value(a_recipe(), "launcher.id", launcher), "launcher.processes", processes)
    plan = make_plan(recipe, a_model(), a_report(), a_machine(64).model_copy(update={"physical_cores": 2}))
    said = [each for each in plan.problems if each.where == "launcher.processes" and "processor cores" in each.what]
    assert [each.severity for each in said] == (["advice"] if told else [])
