"""Each way to start says what it buys for one recipe, or why it does not work: the same for the window and the command line."""

import pytest

from phitune_gui.catalog.launchers import LAUNCHERS, launchers_for
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.hardware import Gpu, Hardware
from phitune_gui.core.recipe import LauncherSection, Recipe, with_value
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.launchers import LauncherRow, heeded_fields, launcher_matrix, with_launcher
from phitune_gui.planning.plan import make_plan
from phitune_gui.planning.words import time_in_words
from tests.helpers.factories import GB, a_machine, a_model, a_recipe, a_report


def a_full_machine(memory_gb: float = 90) -> Hardware:
    """With the extra that some launchers need."""
    return a_machine(memory_gb).model_copy(update={"has_deepspeed": True})


def rows(recipe: Recipe | None = None, memory_gb: float = 90) -> dict[str, LauncherRow]:
    """By id, for Phi-3-mini."""
    return {row.id: row for row in launcher_matrix(recipe or a_recipe(), Ground(a_model(), a_report(), a_full_machine(memory_gb)))}


def test_without_the_extra_its_launchers_are_grey_with_the_line_that_installs_it() -> None:
    for row in launcher_matrix(a_recipe(), Ground(a_model(), a_report(), a_machine(90))):
        needs_it = row.id.startswith("zero")
        assert row.can_be_chosen is not needs_it
        assert ('pip install "phitune[deepspeed]"' in row.reason) is needs_it


def test_every_launcher_of_the_catalog_has_a_row_with_its_own_words() -> None:
    for row, offered in zip(rows().values(), LAUNCHERS, strict=True):
        assert (row.id, row.label, row.summary, row.when) == (offered.id, offered.label, offered.summary, offered.when)
        assert row.works_here == (not row.reason)


def test_memory_is_that_of_the_plan_and_shared_out_among_the_processes() -> None:
    for id, row in rows().items():
        plan = make_plan(with_launcher(a_recipe(), id), a_model(), a_report(), a_machine(90))
        assert row.memory_bytes == plan.memory.total_bytes
        assert row.bytes_per_process == row.memory_bytes // row.processes
        assert not row.buys or f"About {time_in_words(plan.time_seconds)}." in row.buys or "then." in row.buys
    found = rows()
    assert found["ddp"].memory_bytes == 2 * found["single"].memory_bytes
    assert found["fsdp2"].bytes_per_process < found["single"].memory_bytes
    whole, each = (f"{size / 1e9:.1f} GB" for size in (found["ddp"].memory_bytes, found["single"].memory_bytes))
    assert found["ddp"].buys.startswith(f"Each step learns from 8 rows instead of 4. 2 processes need {whole} of memory, {each} each")


def test_a_technique_that_is_not_proven_is_refused_with_the_launchers_own_reason() -> None:
    row = rows(with_value(a_recipe(), "technique", {"id": "qlora"}))["fsdp2"]
    assert not row.works_here
    assert not row.can_be_chosen
    assert "does not train QLoRA. Only what was shown to learn the same" in row.reason
    assert row.buys == ""


def test_too_little_memory_is_said_but_forbids_nothing() -> None:
    row = rows(memory_gb=8)["single"]
    assert (row.works_here, row.can_be_chosen) == (False, True)
    assert row.reason == "Needs 8.7 GB of memory even with every saving, and 8.0 GB are free."


@pytest.mark.parametrize("model", [None, a_model()])
def test_without_a_model_nothing_is_promised_and_nothing_refused(model: object) -> None:
    found = launcher_matrix(Recipe(), Ground(model, None, a_full_machine()))  # type: ignore[arg-type]
    assert all(row.works_here for row in found)
    assert all(bool(row.memory_bytes) == (model is not None) for row in found)


def test_another_launcher_begins_with_sensible_processes_and_single_sets_one_back() -> None:
    several = with_launcher(a_recipe(), "ddp")
    assert several.launcher.processes == 2
    assert with_launcher(a_recipe(), "ddp", devices=4).launcher.processes == 4
    three = with_value(several, "launcher.processes", 3)
    assert with_launcher(three, "fsdp2").launcher.processes == 3
    assert with_launcher(three, "single").launcher == LauncherSection()


def test_what_a_launcher_does_not_heed_is_not_carried_over() -> None:
    offloaded = with_value(with_value(a_recipe(), "launcher.offload", "cpu"), "launcher.zero_stage", 2)
    for offered in LAUNCHERS:
        section = with_launcher(offloaded, offered.id).launcher
        assert (section.offload == "cpu") == ("offload" in heeded_fields(offered)) == offered.shares
        assert (section.processes > 1) == ("processes" in heeded_fields(offered)) == offered.several


@pytest.mark.parametrize(("gpus", "times"), [(0, 4), (2, 2), (4, 1)])
def test_every_process_judges_all_held_out_rows_with_its_share_of_the_machine(gpus: int, times: int) -> None:
    machine = a_full_machine().model_copy(update={"gpus": (Gpu(name="A", memory_bytes=80 * GB),) * gpus})

    def judging(launcher: dict[str, object]) -> float:
        often, seldom = (
            make_plan(with_value(a_recipe(eval_steps=every), "launcher", launcher), a_model(), a_report(), machine) for every in (1, 1000)
        )
        return (often.time_seconds - seldom.time_seconds) / (often.steps - 1)

    assert judging({"id": "ddp", "processes": 4}) == pytest.approx(times * judging({"id": "single"}), rel=1e-3)


def test_graphics_processors_decide_how_many_begin() -> None:
    machine = a_machine(200).model_copy(update={"gpus": (Gpu(name="A", memory_bytes=24 * GB),) * 3})
    found = {row.id: row.processes for row in launcher_matrix(a_recipe(), Ground(a_model(), a_report(), machine))}
    assert (found["single"], found["ddp"]) == (1, 3)


@pytest.mark.parametrize("technique", [each.id for each in TECHNIQUES])
def test_the_list_for_a_technique_agrees_with_the_checks(technique: str) -> None:
    recipe = with_value(a_recipe(), "technique", {"id": technique})
    chosen = {row.id for row in rows(recipe).values() if row.can_be_chosen}
    assert chosen == set(launchers_for(technique))
