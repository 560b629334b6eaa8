"""One process trains on one device, however many are in sight: DataParallel would put a step's rows on each of them."""

from pathlib import Path

import pytest
import torch
from transformers import TrainingArguments

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.engine.batches import collate
from phitune_gui.engine.loss import causal_model, summed_loss
from phitune_gui.engine.model import load_base
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder
from tests.engine.test_loss import LONG, SHORT

pytestmark = pytest.mark.engine


def test_two_visible_devices_change_no_step(model: BaseModel, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job(model, data, max_steps=2)
    one = Notebook(in_folder(job, tmp_path / "one"))
    run_training(job, one)
    their_own = TrainingArguments.__post_init__

    def as_with_two(arguments: TrainingArguments) -> None:
        their_own(arguments)
        assert arguments.device.type == "cpu"
        arguments._n_gpu = 2

    monkeypatch.setattr(TrainingArguments, "__post_init__", as_with_two)
    two = Notebook(in_folder(job, tmp_path / "two"))
    run_training(job, two)

    assert [(step.loss, step.tokens) for step in two.all(e.StepLogged)] == [(step.loss, step.tokens) for step in one.all(e.StepLogged)]


def test_the_loss_sees_through_a_wrapper_that_spreads_rows(model: BaseModel) -> None:
    tiny = load_base(model, torch.float32).eval()
    wrapped = torch.nn.DataParallel(tiny)

    assert causal_model(wrapped) is tiny
    assert torch.equal(summed_loss(wrapped, collate([SHORT, LONG])), summed_loss(tiny, collate([SHORT, LONG])))
