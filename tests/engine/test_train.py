"""Training: what is learned, what is said on the way, what requests do, and going on exactly where it stopped."""

from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import StopRequest
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.training_rows import training_rows
from phitune_gui.engine.failures import NotFinite, explain
from phitune_gui.engine.model import load_base
from phitune_gui.engine.train import run_training
from phitune_gui.planning.plan import make_plan
from tests.engine.conftest import Notebook, a_job, in_folder
from tests.helpers.factories import a_machine, a_report

pytestmark = pytest.mark.engine


def test_the_loss_falls_and_every_step_is_told(trained: Notebook) -> None:
    steps, judged = trained.all(e.StepLogged), trained.all(e.Evaluated)

    assert [step.step for step in steps] == list(range(1, 73))
    assert judged[0].step == 0
    assert judged[-1].step == 72
    assert judged[-1].loss < 0.5 * judged[0].loss
    assert all(step.seconds > 0 for step in steps)


def test_all_four_fused_layers_of_every_block_get_an_adapter(trained: Notebook) -> None:
    (began,) = trained.all(e.TrainingBegan)

    assert began.matched_modules == 8
    assert began.total_steps == 72
    assert began.dtype == "float32"


def test_tokens_count_without_padding_and_only_answers_are_learned(trained: Notebook, model: BaseModel, data: Path) -> None:
    rows = training_rows(a_job(model, data).recipe, model)
    steps = trained.all(e.StepLogged)[:9]

    assert sum(step.tokens for step in steps) == sum(len(row.ids) for row in rows.train)
    assert sum(step.learned_tokens for step in steps) == sum(sum(row.learned) for row in rows.train)


def test_the_adapter_is_a_peft_folder_that_gives_the_last_validation_loss(trained: Notebook, model: BaseModel, data: Path) -> None:
    from phitune_gui.engine.evaluate import mean_loss

    tuned = PeftModel.from_pretrained(load_base(model, torch.float32), trained.folder / "adapter")
    loss, _tokens = mean_loss(tuned, training_rows(a_job(model, data).recipe, model).validation)

    assert loss == pytest.approx(trained.all(e.Evaluated)[-1].loss, abs=1e-6)


def test_accumulation_changes_nothing_but_memory(model: BaseModel, data: Path, tmp_path: Path) -> None:
    told = []
    for micro, accumulation in ((4, 1), (2, 2), (1, 4)):
        job = a_job(model, data, micro_batch_size=micro, accumulation=accumulation, max_steps=4, eval_steps=100, save_steps=100)
        notebook = Notebook(in_folder(job, tmp_path / f"{micro}"))
        run_training(job, notebook)
        told.append([step.loss for step in notebook.all(e.StepLogged)])

    assert told[1] == pytest.approx(told[0], abs=1e-5)
    assert told[2] == pytest.approx(told[0], abs=1e-5)


def _asks(word: str, after: int):  # noqa: ANN202
    told: list[str] = []

    def asked(step: int) -> list[StopRequest]:
        if step == after and not told:
            told.append(word)
            return [StopRequest(request=word, id="7", at=0.0)]  # type: ignore[arg-type]
        return []

    return asked


def test_stop_finishes_the_step_saves_and_ends(model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(model, data)
    notebook = Notebook(in_folder(job, tmp_path / "run"), _asks("stop", 5))

    ending = run_training(job, notebook)

    assert isinstance(ending, e.JobFinished)
    assert ending.stopped_early
    assert notebook.all(e.Acknowledged)[0].id == "7"
    assert len(notebook.all(e.StepLogged)) == 5
    assert (tmp_path / "run" / "checkpoints" / "step-000005").is_dir()
    assert (tmp_path / "run" / "adapter" / "adapter_model.safetensors").is_file()


def test_save_goes_on(model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(model, data, max_steps=6, save_steps=100)
    notebook = Notebook(in_folder(job, tmp_path / "run"), _asks("save", 3))

    ending = run_training(job, notebook)

    assert isinstance(ending, e.JobFinished)
    assert not ending.stopped_early
    assert 3 in [saved.step for saved in notebook.all(e.CheckpointSaved)]
    assert len(notebook.all(e.StepLogged)) == 6


def test_a_paused_run_goes_on_bit_for_bit(model: BaseModel, data: Path, tmp_path: Path) -> None:
    whole = a_job(model, data, max_steps=14)
    straight = Notebook(in_folder(whole, tmp_path / "straight"))
    run_training(whole, straight)
    paused = Notebook(in_folder(whole, tmp_path / "paused"), _asks("pause", 6))

    ending = run_training(whole, paused)
    again = Notebook(paused.folder)
    run_training(whole.model_copy(update={"from_step": 6, "checkpoint": "checkpoints/step-000006"}), again)

    assert isinstance(ending, e.Paused)
    expected = [step.loss for step in straight.all(e.StepLogged)]
    assert [step.loss for step in (*paused.all(e.StepLogged), *again.all(e.StepLogged))] == expected
    one, other = (load_file(folder / "adapter" / "adapter_model.safetensors") for folder in (straight.folder, paused.folder))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_damaged_checkpoint_is_refused(model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(model, data, max_steps=4, save_steps=2)
    notebook = Notebook(in_folder(job, tmp_path / "run"))
    run_training(job, notebook)
    file = tmp_path / "run" / "checkpoints" / "step-000002" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x00\x01")

    with pytest.raises(CannotStart, match="changed or damaged"):
        run_training(job.model_copy(update={"from_step": 2, "checkpoint": "checkpoints/step-000002"}), Notebook(tmp_path / "run"))


def test_a_loss_that_is_no_number_ends_the_run_in_words(model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(model, data, learning_rate=1.0, max_grad_norm=1000.0, epochs=20, warmup_steps=0)
    notebook = Notebook(in_folder(job, tmp_path / "run"))
    from phitune_gui.engine import step_watch

    original = step_watch.StepWatch._say_step
    try:
        step_watch.StepWatch._say_step = _poisoned(original)  # type: ignore[method-assign]
        with pytest.raises(NotFinite) as ended:
            run_training(job, notebook)
    finally:
        step_watch.StepWatch._say_step = original  # type: ignore[method-assign]

    failure = explain(ended.value, tmp_path / "run")
    assert failure.kind == "not_finite"
    assert "NaN at step 5" in failure.message
    assert "1e0" in failure.hint


def _poisoned(original):  # noqa: ANN001, ANN202
    """After four steps the weights themselves are no numbers, as after an overflow."""

    def say(self, state, logs):  # noqa: ANN001, ANN202
        original(self, state, logs)
        if state.global_step == 4:
            for parameter in self.trainer.model.parameters():
                if parameter.requires_grad:
                    parameter.data.fill_(float("nan"))

    return say


def test_layers_that_do_not_exist_are_refused_by_name(model: BaseModel, data: Path, tmp_path: Path) -> None:
    from phitune_gui.catalog.techniques import options_for, technique
    from phitune_gui.core.recipe import TechniqueSection
    from phitune_gui.engine.model import attach_adapter

    options = options_for(TechniqueSection(id="lora")).model_copy(update={"target_modules": ("q_proj", "o_proj")})

    with pytest.raises(CannotStart, match="q_proj"):
        attach_adapter(load_base(model, torch.float32), technique("lora"), options)


def test_training_and_plan_count_the_same_parameters(trained: Notebook, model: BaseModel, data: Path) -> None:
    (began,) = trained.all(e.TrainingBegan)

    plan = make_plan(a_job(model, data).recipe, model, a_report(), a_machine())

    assert (began.trainable_parameters, began.total_parameters) == (plan.trainable_parameters, plan.total_parameters)
