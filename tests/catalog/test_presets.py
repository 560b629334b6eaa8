"""Presets state the figures of their sources, as edits that the catalog knows, and all of them the same settings."""

from typing import Any

import pytest

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.catalog.presets import PRESETS, Preset, Situation, preset, settings
from phitune_gui.catalog.techniques import TECHNIQUES, technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from tests.catalog.test_base_models import MEDIUM, MINI, STARTER
from tests.helpers.factories import a_machine, a_report

every_preset = pytest.mark.parametrize("each", PRESETS, ids=lambda each: each.id)
MODELS = [judge_config(MINI), judge_config({**MINI, **MEDIUM}), judge_config(STARTER)]


def situation(rows: int = 100, model: BaseModel = MODELS[0]) -> Situation:
    """So many rows, a tenth of them held out."""
    return Situation(model, a_machine(64), a_report(rows - rows // 10, rows // 10))


def values(id: str, rows: int = 100, model: BaseModel = MODELS[0]) -> dict[str, Any]:
    """The first proposal of a preset."""
    return dict(preset(id).propose(situation(rows, model))[0].values)


@every_preset
@pytest.mark.parametrize("model", [None, *MODELS], ids=lambda model: model.name if model else "no model")
def test_only_what_the_catalog_has_is_set(each: Preset, model: BaseModel | None) -> None:
    for given in (Situation(), Situation(model), situation(100, model or MODELS[0]), situation(60_000, model or MODELS[0])):
        for proposal in each.propose(given):
            chosen = technique(proposal.values["technique.id"])
            options = {name.removeprefix("technique.") for name in proposal.values if name.startswith("technique.")} - {"id"}
            assert options <= set(chosen.options.model_fields)
            assert proposal.why.endswith(".")


def test_all_presets_state_the_same_settings() -> None:
    stated = [{name for name in values(each.id) if not name.startswith("technique.")} for each in PRESETS]
    assert all(names == stated[0] for names in stated)


@every_preset
def test_words_and_source_are_sentences(each: Preset) -> None:
    assert each.summary.endswith(".")
    assert each.source.endswith(".")
    assert preset(each.id) is each


def test_microsofts_sample_is_reproduced() -> None:
    found = values("microsoft-sample", rows=100)
    assert found.items() >= {
        "technique.id": "lora", "technique.rank": 16, "technique.alpha": 32, "technique.dropout": 0.05, "training.learning_rate": 5e-6,
        "training.schedule": "cosine", "training.micro_batch_size": 4, "training.accumulation": 1, "training.epochs": 1.0,
        "training.gradient_checkpointing": True, "training.save_steps": 100, "training.seed": 0, "data.max_length": 2048,
        "training.warmup_steps": 5,
    }.items()  # fmt: skip


def test_olive_takes_150_steps_of_any_data() -> None:
    found = values("olive", rows=100)
    assert (found["technique.rank"], found["technique.alpha"], found["technique.dropout"]) == (64, 64, 0.1)
    assert (found["training.max_steps"], found["training.epochs"], found["training.max_grad_norm"]) == (150, 9.0, 0.3)
    assert (found["training.learning_rate"], found["data.validation.percent"]) == (1e-4, 30)
    assert values("olive", rows=60_000)["training.epochs"] == 1.0


def test_ai_toolkit_is_qlora_where_that_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = values("ai-toolkit")
    assert (found["technique.rank"], found["training.max_steps"], found["training.epochs"]) == (64, 1200, 3)
    assert found["technique.target_modules"] == ("o_proj", "qkv_proj")
    assert (found["technique.id"], found["technique.weights"], found["technique.double_quantisation"]) == ("qlora", "nf4", True)
    monkeypatch.setattr(settings, "TECHNIQUES", tuple(each for each in TECHNIQUES if each.id != "qlora"))
    (proposal,) = preset("ai-toolkit").propose(situation())
    assert proposal.values["technique.id"] == "lora"
    assert "It uses QLoRA; this PhiTune has none" in proposal.why


def test_azure_differs_by_model(monkeypatch: pytest.MonkeyPatch) -> None:
    mini, medium = values("azure-ml"), values("azure-ml", model=MODELS[1])
    assert (mini["technique.rank"], mini["technique.alpha"], mini["training.micro_batch_size"]) == (8, 128, 1)
    assert (medium["training.micro_batch_size"], medium["training.accumulation"]) == (4, 4)
    assert mini["training.learning_rate"] == medium["training.learning_rate"] == 5e-6
    monkeypatch.setattr(settings, "TECHNIQUES", tuple(each for each in TECHNIQUES if each.id != "full"))
    (proposal,) = preset("azure-ml").propose(situation(model=MODELS[1]))
    assert "so it is LoRA" in proposal.why


def test_the_quick_trial_reads_ten_rows_of_any_data() -> None:
    for rows in (20, 100, 50_000):
        found = values("quick-cpu", rows)
        assert found["training.max_steps"] == 10
        assert round(rows * found["data.validation.percent"] / 100) <= 10


def test_recommended_follows_model_and_rows() -> None:
    few, many = values("recommended", 100), values("recommended", 60_000)
    assert (few["training.epochs"], few["training.accumulation"]) == (3, 1)
    assert (many["training.epochs"], many["training.accumulation"]) == (1, 4)
    assert few["training.learning_rate"] == 2e-4
    assert values("recommended", model=MODELS[1])["training.learning_rate"] == 1e-4
    assert few["data.max_length"] == 300


def test_no_conversation_is_longer_than_the_model_reads() -> None:
    short = MODELS[0].model_copy(update={"context": 512, "original_context": 512})
    assert all(values(each.id, model=short)["data.max_length"] <= 512 for each in PRESETS)


def test_an_unknown_preset_is_answered_with_the_list() -> None:
    with pytest.raises(CannotStart) as refusal:
        preset("magic")
    assert "recommended, microsoft-sample" in refusal.value.problem.how_to_fix
