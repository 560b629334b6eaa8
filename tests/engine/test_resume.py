"""Going on from a checkpoint: bit for bit the same run, never a step too many, and refused when the rows are others."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import StopRequest, TrainJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.engine.checkpoints import prune
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine


def _from(job: TrainJob, step: int) -> TrainJob:
    return job.model_copy(update={"from_step": step, "checkpoint": f"checkpoints/step-{step:06d}"})


def _word(word: str, step: int) -> Callable[[int], list[StopRequest]]:
    return lambda done: [StopRequest.model_validate({"request": word, "id": word, "at": 0.0})] if done == step else []


def _adapter(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter" / "adapter_model.safetensors")


def test_a_crash_within_an_epoch_costs_nothing_also_with_dropout_and_accumulation(model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(model, data, micro_batch_size=2, accumulation=2, max_steps=13, save_steps=11, eval_steps=4)
    job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": _with_dropout()})})
    straight = Notebook(in_folder(job, tmp_path / "run"))
    run_training(job, straight)
    whole = _adapter(straight.folder)

    again = Notebook(straight.folder)
    run_training(_from(job, 11), again)

    assert [saved.step for saved in straight.all(e.CheckpointSaved)] == [11]
    assert [event.step for event in again.all(e.Resumed)] == [11]
    assert [_figures(step) for step in again.all(e.StepLogged)] == [_figures(step) for step in straight.all(e.StepLogged)[11:]]
    assert [judged.step for judged in again.all(e.Evaluated)] == [12, 13]
    assert [judged.loss for judged in again.all(e.Evaluated)] == [judged.loss for judged in straight.all(e.Evaluated)[-2:]]
    repeated = _adapter(straight.folder)
    assert all(torch.equal(whole[name], repeated[name]) for name in whole)


def _with_dropout() -> TechniqueSection:
    return TechniqueSection.model_validate({"id": "lora", "rank": 4, "dropout": 0.3})


def _figures(step: e.StepLogged) -> tuple[float, ...]:
    return step.step, step.epoch, step.loss, step.learning_rate, step.grad_norm, step.tokens, step.learned_tokens


@pytest.fixture(scope="module")
def four_steps(model: BaseModel, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainJob, Notebook]:
    """A run of four steps that was paused in its last one."""
    job = a_job(model, data, max_steps=4, save_steps=2)
    notebook = Notebook(in_folder(job, tmp_path_factory.mktemp("resume") / "run"), _word("pause", 4))
    notebook.emit(run_training(job, notebook))
    return job, notebook


def test_a_run_that_was_paused_in_its_last_step_does_no_step_more(four_steps: tuple[TrainJob, Notebook]) -> None:
    job, paused = four_steps
    again = Notebook(paused.folder)

    ending = run_training(_from(job, 4), again)

    assert paused.events[-1] == e.Paused(step=4)
    assert again.all(e.StepLogged) == []
    assert isinstance(ending, e.JobFinished)
    assert ending.results["steps"] == 4
    assert ending.results["validation_loss_at_step"] == 4
    kept, saved = _adapter(paused.folder), load_file(paused.folder / "checkpoints" / "step-000004" / "adapter_model.safetensors")
    assert kept.keys() == saved.keys()
    assert all(torch.equal(kept[name], saved[name]) for name in kept)


def test_other_rows_are_refused(four_steps: tuple[TrainJob, Notebook], data: Path, tmp_path: Path) -> None:
    job, paused = four_steps
    lines = data.read_text("utf-8").splitlines()
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text("\n".join(lines[:-4]) + "\n", "utf-8")
    changed = job.recipe.data.model_copy(update={"sources": (job.recipe.data.sources[0].model_copy(update={"path": str(fewer)}),)})
    recipe = job.recipe.model_copy(update={"data": changed})

    with pytest.raises(CannotStart, match="The data changed since this run began"):
        run_training(_from(job.model_copy(update={"recipe": recipe}), 4), Notebook(paused.folder))


def test_other_rows_per_step_are_refused_but_the_same_rows_may_be_cut_otherwise(four_steps: tuple[TrainJob, Notebook]) -> None:
    job, paused = four_steps

    def cut(micro: int, accumulation: int) -> TrainJob:
        training = job.recipe.training.model_copy(update={"micro_batch_size": micro, "accumulation": accumulation})
        return _from(job.model_copy(update={"recipe": job.recipe.model_copy(update={"training": training})}), 2)

    with pytest.raises(CannotStart, match="A step held 4 rows when this run began and would now hold 8"):
        run_training(cut(4, 2), Notebook(paused.folder))
    again = Notebook(paused.folder)
    run_training(cut(2, 2), again)

    expected = [step.loss for step in paused.all(e.StepLogged)[2:]]
    assert [step.loss for step in again.all(e.StepLogged)] == pytest.approx(expected, abs=1e-5)


def test_pausing_keeps_no_adapter_and_says_where_it_can_go_on(model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(model, data, max_steps=6, save_steps=100)
    notebook = Notebook(in_folder(job, tmp_path / "run"), _word("pause", 3))

    ending = run_training(job, notebook)

    assert ending == e.Paused(step=3)
    assert notebook.all(e.CheckpointSaved) == [e.CheckpointSaved(step=3, path="checkpoints/step-000003")]
    assert not (notebook.folder / "adapter").exists()


def test_damaged_checkpoints_after_the_one_that_is_gone_on_from_do_not_crowd_out_new_ones(
    model: BaseModel, data: Path, tmp_path: Path
) -> None:
    job = a_job(model, data, max_steps=4, save_steps=1)
    notebook = Notebook(in_folder(job, tmp_path / "run"), _word("pause", 2))
    run_training(job, notebook)
    checkpoints = notebook.folder / "checkpoints"
    for damaged in ("step-000007", "step-000008"):
        (checkpoints / damaged).mkdir()

    again = Notebook(notebook.folder)
    run_training(_from(job, 2), again)

    newest = again.all(e.CheckpointSaved)[-1].step
    assert newest > 2
    assert (checkpoints / f"step-{newest:06d}").is_dir()
    assert not any((checkpoints / damaged).exists() for damaged in ("step-000007", "step-000008"))


def test_the_two_newest_checkpoints_and_the_best_one_are_kept(tmp_path: Path) -> None:
    for step in (2, 4, 6, 8, 10):
        (tmp_path / "checkpoints" / f"step-{step:06d}").mkdir(parents=True)

    prune(tmp_path, {0: 0.1, 2: 3.0, 4: 1.0, 6: 2.0, 8: float("nan"), 10: 1.5})

    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-000004", "step-000008", "step-000010"]
