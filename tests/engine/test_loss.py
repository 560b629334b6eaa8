"""The loss that is learned from: plain cross entropy over learned tokens, whatever the padding, the pieces and the memory saved."""

import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.events import StepLogged
from phitune_gui.data.tokens import Encoded
from phitune_gui.data.training_rows import training_rows
from phitune_gui.engine import loss
from phitune_gui.engine.batches import NOT_LEARNED, collate, token_counts
from phitune_gui.engine.evaluate import mean_loss
from phitune_gui.engine.model import load_base
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine
SHORT = Encoded([5, 9, 30, 41, 7], [False, False, True, True, True], "")
LONG = Encoded(list(range(20, 80)), [place > 40 for place in range(60)], "")


@pytest.fixture(scope="module")
def tiny(model: BaseModel) -> torch.nn.Module:
    return load_base(model, torch.float32).eval()


def test_labels_are_the_learned_ids_and_padding_is_masked_whatever_its_id() -> None:
    batch = collate([SHORT, LONG])

    assert batch["labels"][0].tolist() == [NOT_LEARNED, NOT_LEARNED, 30, 41, 7, *[NOT_LEARNED] * 55]
    assert batch["attention_mask"].sum(1).tolist() == [5, 60]
    assert batch["position_ids"][0, :5].tolist() == [0, 1, 2, 3, 4]
    assert token_counts(batch) == (65, 3 + 19)


def test_a_first_token_that_is_learned_is_never_counted_because_nothing_predicts_it() -> None:
    assert token_counts(collate([Encoded([5, 6, 7], [True, True, True], "")])) == (3, 2)


def test_the_masks_of_a_batch_are_those_of_the_data_pipeline(model: BaseModel, data: Path) -> None:
    rows = training_rows(a_job(model, data).recipe, model).train

    batch = collate(rows)

    for number, row in enumerate(rows):
        wanted = [id for id, is_learned in zip(row.ids, row.learned, strict=True) if is_learned]
        assert wanted
        assert [id for id in batch["labels"][number].tolist() if id != NOT_LEARNED] == wanted
    assert token_counts(batch) == (sum(len(row.ids) for row in rows), sum(sum(row.learned) for row in rows))


def test_padding_does_not_change_the_loss(tiny: torch.nn.Module) -> None:
    with torch.no_grad():
        alone = [loss.summed_loss(tiny, collate([row])).item() for row in (SHORT, LONG)]
        together = loss.summed_loss(tiny, collate([SHORT, LONG])).item()

    assert together == pytest.approx(sum(alone), abs=1e-4)
    assert mean_loss(tiny, [LONG, SHORT])[0] == pytest.approx(sum(alone) / 22, abs=1e-5)


def test_the_loss_is_the_one_that_transformers_computes(tiny: torch.nn.Module) -> None:
    batch = collate([SHORT, LONG])

    with torch.no_grad():
        theirs = tiny(**batch).loss.item()
        ours = loss.summed_loss(tiny, batch).item() / 22

    assert ours == pytest.approx(theirs, abs=1e-5)


def test_the_gradient_made_in_pieces_is_the_gradient_of_plain_cross_entropy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss, "PIECE", 4)
    torch.manual_seed(1)
    weight, targets = torch.randn(30, 8), torch.randint(30, (11,))
    ours, theirs = (torch.randn(11, 8, generator=torch.Generator().manual_seed(2)).requires_grad_() for _ in range(2))

    head, same_head = weight.clone().requires_grad_(), weight.clone().requires_grad_()

    total = loss._HeadLoss.apply(ours, head, targets, True)
    (3 * total).backward()
    expected = functional.cross_entropy(theirs @ same_head.T, targets, reduction="sum")
    (3 * expected).backward()

    assert total.item() == pytest.approx(expected.item(), rel=1e-6)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-5)
    assert torch.allclose(head.grad, same_head.grad, atol=1e-5)


def test_a_head_that_is_trained_gets_its_own_gradient(model: BaseModel) -> None:
    whole = load_base(model, torch.float32)

    loss.summed_loss(whole, collate([SHORT])).backward()

    assert whole.lm_head.weight.grad.abs().sum() > 0


def test_judging_leaves_the_model_as_it_was_and_rows_without_answers_give_no_number(tiny: torch.nn.Module) -> None:
    nothing_learned = Encoded([5, 6, 7], [False, False, False], "")
    tiny.train()
    try:
        judged, tokens = mean_loss(tiny, [nothing_learned])
        assert tiny.training
    finally:
        tiny.eval()

    assert tokens == 0
    assert math.isnan(judged)


def test_saving_memory_changes_no_loss(model: BaseModel, data: Path, tmp_path: Path) -> None:
    told = []
    for saves in (False, True):
        job = a_job(model, data, gradient_checkpointing=saves, max_steps=4, eval_steps=100, save_steps=100)
        notebook = Notebook(in_folder(job, tmp_path / str(saves)))
        run_training(job, notebook)
        told.append([step.loss for step in notebook.all(StepLogged)])

    assert told[1] == pytest.approx(told[0], abs=1e-5)
