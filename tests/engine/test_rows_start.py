"""EVA starts from the directions of the run's own rows, changes nothing by itself, and says when it cannot."""

from pathlib import Path
from typing import Any

import pytest
import torch

from phitune_gui.catalog.techniques import technique, technique_problems
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.data.tokens import Encoded
from phitune_gui.data.training_rows import training_rows
from phitune_gui.engine import rows_start
from phitune_gui.engine.batches import NOT_LEARNED, collate
from phitune_gui.engine.model import attach_adapter, load_base
from phitune_gui.engine.rows_start import start_from_rows
from tests.engine.conftest import a_job

pytestmark = pytest.mark.engine


def _attached(model: BaseModel, rank: int = 4) -> Any:
    eva = technique("eva")
    return attach_adapter(load_base(model, torch.float32), eva, eva.options(rank=rank))[0]


def test_the_start_spans_what_the_first_layer_sees_most(model: BaseModel, data: Path) -> None:
    rows = training_rows(a_job(model, data).recipe, model).train
    tuned = _attached(model)
    seen: list[torch.Tensor] = []
    layer = tuned.base_model.model.model.layers[0].self_attn.qkv_proj
    start_from_rows(tuned, rows)
    handle = layer.register_forward_hook(lambda _layer, given, _out: seen.append(given[0]))
    batch = collate(rows)
    tuned.base_model.model.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    handle.remove()

    learned = seen[0][batch["labels"] != NOT_LEARNED].detach()
    _left, strength, right = torch.linalg.svd(learned - learned.mean(0), full_matrices=False)
    directions = right[: min(4, int((strength > 1e-3 * strength[0]).sum()))]  # four different tokens are learned: three directions
    chosen = layer.lora_A["default"].weight.detach()
    overlap = (chosen[: len(directions)] @ directions.T).square().sum(1)
    assert len(directions) >= 3
    assert torch.allclose(chosen @ chosen.T, torch.eye(4), atol=1e-4)
    assert overlap.min() > 0.9, overlap


def test_it_changes_no_answer_and_is_the_same_each_time_without_touching_random_numbers(model: BaseModel, data: Path) -> None:
    rows, ids = training_rows(a_job(model, data).recipe, model).train, torch.arange(20, 60)[None]
    first, second = _attached(model), _attached(model)
    before = first(input_ids=ids).logits
    torch.manual_seed(5)
    drawn = torch.rand(3)
    torch.manual_seed(5)

    start_from_rows(first, rows)

    assert torch.equal(torch.rand(3), drawn)
    start_from_rows(second, rows)
    assert torch.equal(first(input_ids=ids).logits, before)
    pairs = zip(first.named_parameters(), second.named_parameters(), strict=True)
    assert all(torch.equal(one, two) for (_name, one), (_same, two) in pairs)
    assert first.active_peft_config.target_modules == _attached(model).active_peft_config.target_modules


def test_too_few_tokens_and_directions_that_never_settle_are_said(model: BaseModel, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [Encoded([5, 9, 30, 41, 7], [False, False, True, True, True], "")]
    with pytest.raises(CannotStart, match="more than 8 tokens together, and all rows learn 3"):
        start_from_rows(_attached(model), few)
    monkeypatch.setattr(rows_start, "MOST_PASSES", 2)
    with pytest.raises(CannotStart, match="did not settle in 2 passes"):
        start_from_rows(_attached(model), training_rows(a_job(model, data).recipe, model).train)


def test_a_rank_above_half_the_inputs_is_a_problem(model: BaseModel) -> None:
    (problem,) = technique_problems(TechniqueSection.model_validate({"id": "eva", "rank": model.hidden // 2 + 1}), model)
    assert (problem.severity, problem.where) == ("problem", "technique.rank")
