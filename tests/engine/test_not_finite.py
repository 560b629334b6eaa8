"""A loss that is no number: said in words, with nothing spoilt kept, also at the end of a run and when it is stopped."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import Request, StopRequest
from phitune_gui.engine.failures import NotFinite, explain
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine


@pytest.fixture
def spoilt(model: BaseModel, tmp_path: Path) -> BaseModel:
    """The tiny model with one weight that overflowed when somebody saved it."""
    folder = tmp_path / "spoilt"
    shutil.copytree(model.path, folder)
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.1.mlp.down_proj.weight"][3, 5] = float("inf")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return model.model_copy(update={"path": str(folder)})


def test_infinite_weights_end_the_run_after_three_steps(spoilt: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(spoilt, data, learning_rate=3e-4, save_steps=1)
    notebook = Notebook(in_folder(job, tmp_path / "run"))

    with pytest.raises(NotFinite) as ended:
        run_training(job, notebook)

    failure = explain(ended.value, notebook.folder)
    assert failure.kind == "not_finite"
    assert failure.message == "Loss became NaN at step 1. There is no checkpoint yet."
    assert "Try a lower learning rate (now 3e-4)" in failure.hint
    assert "NotFinite" in failure.traceback
    assert len(notebook.all(e.StepLogged)) == 3
    assert notebook.all(e.CheckpointSaved) == []


def test_a_run_too_short_for_patience_does_not_pass_for_finished(spoilt: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(spoilt, data, max_steps=2)
    notebook = Notebook(in_folder(job, tmp_path / "run"))

    with pytest.raises(NotFinite, match="NaN at step 1"):
        run_training(job, notebook)

    assert not (notebook.folder / "adapter").exists()


def test_stopping_such_a_run_keeps_no_spoilt_adapter(spoilt: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(spoilt, data)
    stop: list[Request] = [StopRequest(request="stop", id="1", at=0.0)]
    notebook = Notebook(in_folder(job, tmp_path / "run"))
    notebook.asked = lambda _step: stop if notebook.all(e.TrainingBegan) else []  # before that it would end the run at once

    with pytest.raises(NotFinite, match="NaN at step 1"):
        run_training(job, notebook)

    assert [event.id for event in notebook.all(e.Acknowledged)] == ["1"]
    assert not (notebook.folder / "adapter").exists()
    assert not any((notebook.folder / "checkpoints").glob("step-*"))


def test_the_last_good_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "step-000030").mkdir(parents=True)

    failure = explain(NotFinite(41, 30, 0.05), tmp_path)

    assert failure.message == "Loss became NaN at step 41. Last checkpoint: 30."
    assert "5e-2" in failure.hint
    assert "The checkpoint of step 30 is safe." in failure.hint
