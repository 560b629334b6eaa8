"""AdaLoRA: ranks go as planned, the penalty is peft's, and a run that goes on from any checkpoint ends the same."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from phitune_gui.catalog.techniques.adalora import ADALORA, AdaLoraOptions
from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import StopRequest, TrainJob
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.engine.adaptive_rank import orthogonal_penalty
from phitune_gui.engine.model import attach_adapter, load_base
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine


def _job(model: BaseModel, data: Path, **training: object) -> TrainJob:
    job = a_job(model, data, **{"max_steps": 20, "save_steps": 4, "eval_steps": 1, **training})
    section = TechniqueSection.model_validate({"id": "adalora", "rank": 6, "target_rank": 4, "dropout": 0.2})
    return job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": section})})


def _ranks(folder: Path) -> list[int]:
    pattern = json.loads((folder / "adapter" / "adapter_config.json").read_text("utf-8"))["rank_pattern"]
    return [sum(left) for left in pattern.values()]


def test_the_penalty_is_the_one_that_peft_adds(model: BaseModel) -> None:
    tuned, _wrapped = attach_adapter(load_base(model, torch.float32), ADALORA, AdaLoraOptions())
    ids = torch.arange(20, 60)[None]
    with torch.no_grad():
        whole, plain = tuned(input_ids=ids, labels=ids).loss, tuned.get_base_model()(input_ids=ids, labels=ids).loss

    assert orthogonal_penalty(tuned).item() == pytest.approx((whole - plain).item(), rel=1e-4)


def test_the_mean_rank_falls_to_what_was_asked_for_and_layers_differ(model: BaseModel, data: Path, tmp_path: Path) -> None:
    notebook = Notebook(in_folder(_job(model, data), tmp_path / "run"))
    run_training(_job(model, data), notebook)

    ranks = _ranks(notebook.folder)
    assert len(ranks) == 8
    assert sum(ranks) == 8 * 4
    assert len(set(ranks)) > 1
    weights = load_file(notebook.folder / "adapter" / "adapter_model.safetensors")
    assert sum(tensor.numel() for name, tensor in weights.items() if "lora_E" in name) == 8 * 4


@pytest.mark.parametrize("step", [4, 8, 12, 16, 20])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_going_on_from_before_amid_and_after_the_taking_away_ends_the_same(
    model: BaseModel, data: Path, tmp_path: Path, step: int, accumulation: int
) -> None:
    job = _job(model, data, micro_batch_size=4 // accumulation, accumulation=accumulation)
    straight = Notebook(in_folder(job, tmp_path / "run"))
    halted = Notebook(in_folder(job, tmp_path / "halted"), lambda done: [StopRequest(request="pause", id="p", at=0.0)] * (done == step))
    run_training(job, straight)
    run_training(job, halted)
    again = Notebook(halted.folder)
    run_training(job.model_copy(update={"from_step": step, "checkpoint": f"checkpoints/step-{step:06d}"}), again)

    assert [told.loss for told in again.all(e.StepLogged)] == [told.loss for told in straight.all(e.StepLogged)[step:]]
    ours, theirs = (load_file(run.folder / "adapter" / "adapter_model.safetensors") for run in (again, straight))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert _ranks(again.folder) == _ranks(straight.folder)
