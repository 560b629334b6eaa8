"""Applying a preset: Recommended fits the machine or says that nothing does; the others stay as their sources have them."""

from typing import Any

import pytest

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.catalog.presets import PRESETS, Situation, preset
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.hardware import Gpu, Hardware
from phitune_gui.core.recipe import with_value
from phitune_gui.planning.apply_preset import apply_preset, with_edits
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.memory import COMFORTABLE
from phitune_gui.planning.plan import make_plan
from tests.catalog.test_base_models import MEDIUM, MINI, STARTER
from tests.helpers.factories import GB, a_machine, a_model, a_recipe, a_report
from tests.planning.test_make_it_fit_random import Case, enough, other_edits

ALL = {"mini": MINI, "medium": {**MINI, **MEDIUM}, "starter": STARTER}
SIZES = [(4, 0, 0), (8, 0, 0), (12, 0, 0), (16, 0, 0), (24, 0, 0), (32, 0, 0), (64, 0, 0), (16, 1, 8), (32, 1, 12), (64, 1, 24),
         (128, 1, 80), (512, 2, 80)]  # fmt: skip
"""Memory, graphics processors, and the memory of each, in GB: from a small laptop to a server."""
UNCHANGED = ("model", "name", "launcher", "export")


def machine(memory: int, gpus: int, gpu_memory: int) -> Hardware:
    """Four fifths of the memory are free."""
    free = {"available_memory_bytes": memory * GB * 4 // 5, "gpus": (Gpu(name="A", memory_bytes=gpu_memory * GB),) * gpus}
    return a_machine(memory).model_copy(update={**free, "free_disk_bytes": 2000 * GB})


def model(name: str) -> BaseModel:
    """A whole folder of this model."""
    return judge_config(ALL[name]).model_copy(update={"has_weights": True, "has_tokenizer": True})


@pytest.mark.parametrize("rows", [50, 1000, 50_000])
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "{}GB+{}x{}GB".format(*sizes))
def test_recommended_fits_or_says_that_nothing_does(sizes: tuple[int, int, int], name: str, rows: int) -> None:
    ground = Ground(model(name), a_report(rows - rows // 10, rows // 10), machine(*sizes))
    applied = apply_preset(preset("recommended"), a_recipe(), ground)
    plan = make_plan(applied.recipe, *ground)
    assert applied.fits == (not plan.blocked), plan.problems
    assert applied.fits == (plan.memory.total_bytes <= plan.memory.available_bytes)
    assert applied.fits != applied.why.startswith("Nothing fits this machine.")
    assert applied.why.endswith(".")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "{}GB+{}x{}GB".format(*sizes))
def test_recommended_is_the_first_that_any_settings_make_fit_with_room_or_at_all(sizes: tuple[int, int, int], name: str) -> None:
    """Every proposal, with every set of edits tried out one by one, against what was applied."""
    ground = Ground(model(name), a_report(900, 100), machine(*sizes))
    proposals = preset("recommended").propose(Situation(ground.model, ground.hardware, ground.report))
    recipes = [with_edits(a_recipe(), proposal) for proposal in proposals]
    fitting = []
    for share in (COMFORTABLE, 1.0):
        cases = [Case(recipe, ground.model, ground.report, ground.hardware.with_share(share)) for recipe in recipes]  # type: ignore[arg-type]
        fitting += [case.recipe.technique.id for case in cases if enough(case, settings_of(case))]
    applied = apply_preset(preset("recommended"), a_recipe(), ground)
    assert applied.fits == bool(fitting)
    if fitting:
        assert applied.recipe.technique.id == fitting[0]
        memory = make_plan(applied.recipe, *ground).memory
        roomy = [case for case in cases if enough(case._replace(hardware=ground.hardware.with_share(COMFORTABLE)), settings_of(case))]
        assert not roomy or memory.total_bytes <= COMFORTABLE * memory.available_bytes


def settings_of(case: Case) -> list[dict[str, Any]]:
    """The edits that leave technique and launcher as they are."""
    return [edits for edits in other_edits(case) if not any(name.startswith(("technique.", "launcher.")) for name in edits)]


def test_a_preset_leaves_the_launcher_also_where_another_would_save_memory() -> None:
    recipe = with_value(a_recipe(), "launcher", {"id": "ddp", "processes": 2})
    applied = apply_preset(preset("recommended"), recipe, Ground(a_model(), a_report(), machine(32, 0, 0)))
    assert applied.recipe.launcher == recipe.launcher


def test_what_fits_is_known() -> None:
    found = {}
    for name in ALL:
        for sizes in SIZES:
            ground = Ground(model(name), a_report(900, 100), machine(*sizes))
            found[name, sizes[0], sizes[1]] = apply_preset(preset("recommended"), a_recipe(), ground).fits
    assert all(found["starter", sizes[0], sizes[1]] for sizes in SIZES)
    assert not found["mini", 4, 0]
    assert found["mini", 12, 0]
    assert not found["medium", 8, 0]
    assert found["medium", 16, 0]  # by QLoRA
    assert found["medium", 64, 0]
    assert found["medium", 512, 2]


@pytest.mark.parametrize("each", PRESETS, ids=lambda each: each.id)
def test_a_preset_changes_settings_and_nothing_else(each: Any) -> None:
    recipe = with_value(a_recipe(), "name", "mine")
    applied = apply_preset(each, recipe, Ground(a_model(), a_report(), machine(512, 2, 80)))
    for section in UNCHANGED:
        assert getattr(applied.recipe, section) == getattr(recipe, section)
    assert applied.recipe.data.sources == recipe.data.sources
    assert not make_plan(applied.recipe, a_model(), a_report(), machine(512, 2, 80)).blocked


def test_no_trace_of_another_preset_is_left() -> None:
    ground = Ground(a_model(), a_report(), machine(512, 0, 0))
    for last in PRESETS:
        recipe = a_recipe()
        for each in (*PRESETS, last):
            recipe = apply_preset(each, recipe, ground).recipe
        assert recipe == apply_preset(last, a_recipe(), ground).recipe


def test_a_copied_preset_stays_as_it_is_and_says_what_is_missing() -> None:
    ground = Ground(a_model(), a_report(), machine(8, 0, 0))
    applied = apply_preset(preset("microsoft-sample"), a_recipe(), ground)
    assert not applied.fits
    assert applied.recipe.training.micro_batch_size == 4
    assert "of memory, and 6.4 GB are free." in applied.why


def test_what_it_took_to_fit_is_said() -> None:
    ground = Ground(a_model(), a_report(), machine(16, 0, 0))
    applied = apply_preset(preset("recommended"), a_recipe(), ground)
    assert applied.fits
    assert "Made to fit into 12.8 GB: " in applied.why
    assert applied.recipe.training.gradient_checkpointing or applied.recipe.training.micro_batch_size == 1


def test_nothing_known_is_no_obstacle() -> None:
    for each in PRESETS:
        assert apply_preset(each, a_recipe(), Ground(None, None, machine(8, 0, 0))).fits


def test_a_preset_takes_back_noise_that_an_earlier_recipe_had() -> None:
    noisy = with_value(a_recipe(), "training.neftune_alpha", 5.0)
    assert apply_preset(preset("recommended"), noisy, Ground(a_model(), a_report(), a_machine(64))).recipe.training.neftune_alpha is None
