"""NEFTune: noise on the embeddings while training and nowhere else, the same again after going on from a checkpoint."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.events import Evaluated, StepLogged
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.data.training_rows import training_rows
from phitune_gui.engine.evaluate import mean_loss
from phitune_gui.engine.model import load_base, with_adapter
from phitune_gui.engine.run_source import read_run
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine
SECTIONS = ({"id": "lora", "rank": 4}, {"id": "full"}, {"id": "prompt", "virtual_tokens": 6}, {"id": "dora", "rank": 4})


def _run(model: BaseModel, data: Path, folder: Path, section: dict[str, Any], alpha: float | None) -> tuple[Any, Notebook]:
    job = a_job(model, data, max_steps=6, save_steps=3, eval_steps=3, learning_rate=1e-3, neftune_alpha=alpha)
    job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": TechniqueSection.model_validate(section)})})
    notebook = Notebook(in_folder(job, folder))
    run_training(job, notebook)
    return job, notebook


def _losses(notebook: Notebook) -> list[float]:
    return [step.loss for step in notebook.all(StepLogged)]


def _weights(notebook: Notebook) -> dict[str, torch.Tensor]:
    (file,) = (notebook.folder / "adapter").glob("*.safetensors")
    return load_file(file)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section["id"])
def test_it_disturbs_training_but_neither_judging_nor_what_is_kept(
    model: BaseModel, data: Path, tmp_path: Path, section: dict[str, Any]
) -> None:
    _job, plain = _run(model, data, tmp_path / "plain", section, None)
    _job, noisy = _run(model, data, tmp_path / "noisy", section, 5)

    assert _losses(noisy)[0] != pytest.approx(_losses(plain)[0], abs=1e-4)
    assert noisy.all(Evaluated)[0].loss == plain.all(Evaluated)[0].loss
    source = read_run(noisy.folder)
    base = load_base(source.loaded_model, torch.float32)
    kept = (with_adapter(base, source.adapter) if source.is_adapter else base).eval()
    rows = training_rows(source.job.recipe, source.job.base_model).validation
    assert mean_loss(kept, rows)[0] == pytest.approx(noisy.all(Evaluated)[-1].loss, abs=1e-5)
    assert _weights(noisy).keys() == _weights(plain).keys()


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section["id"])
def test_going_on_draws_the_same_noise(model: BaseModel, data: Path, tmp_path: Path, section: dict[str, Any]) -> None:
    job, notebook = _run(model, data, tmp_path / "run", section, 5)
    whole = _weights(notebook)
    again = Notebook(notebook.folder)
    run_training(job.model_copy(update={"from_step": 3, "checkpoint": "checkpoints/step-000003"}), again)

    assert _losses(again) == _losses(notebook)[3:]
    repeated = _weights(again)
    assert all(torch.equal(whole[name], repeated[name]) for name in whole)
