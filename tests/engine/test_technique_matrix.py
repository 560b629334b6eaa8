"""The merge and export matrix, measured: each technique learns, comes back from its files, folds in, and leaves as ONNX."""

import logging
from pathlib import Path
from typing import Any

import pytest

from phitune_gui.catalog.techniques import TECHNIQUES, Technique, options_for, technique
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import ExportJob, TrainJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.engine.run_source import RunSource
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine

SMALL: dict[str, dict[str, Any]] = {
    **{id: {"rank": 4} for id in ("lora", "qlora", "loftq", "dora", "qdora", "loraplus", "rslora", "pissa", "olora", "eva")},
    "adalora": {"rank": 6, "target_rank": 4},
    "vera": {"rank": 64},
    "oft": {"block_size": 16},
    "prompt": {"virtual_tokens": 8},
    "ptuning": {"virtual_tokens": 8, "encoder_size": 32},
    "prefix": {"virtual_tokens": 8, "projection": True, "encoder_size": 32},
}
"""Options that suit a model 64 wide; the others' defaults do."""
LEARNING_RATES = {"full": 1e-3, "loraplus": 2e-3}
"""Where the rate of the other tests is too high."""


@pytest.fixture(scope="module", params=TECHNIQUES, ids=lambda each: each.id)
def run(request: pytest.FixtureRequest, model: BaseModel, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    """Twenty steps with each technique."""
    from phitune_gui.engine.train import run_training

    each: Technique[Any] = request.param
    job = _with_technique(a_job(model, data, max_steps=20, learning_rate=LEARNING_RATES.get(each.id, 2e-2)), each)
    notebook = Notebook(in_folder(job, tmp_path_factory.mktemp(each.id) / "run"))
    notebook.emit(run_training(job, notebook))
    return notebook


def test_it_learns_what_the_plan_counts(run: Notebook, model: BaseModel) -> None:
    (began,) = run.all(e.TrainingBegan)
    judged = [point.loss for point in run.all(e.Evaluated)]
    section = _section(run)
    chosen, options = technique(section.id), options_for(section)
    assert began.trainable_parameters == chosen.adapter_parameters(options, model)
    assert bool(began.matched_modules) == bool(chosen.target_modules(options))
    assert judged[-1] < 0.97 * judged[0]


def test_its_files_bring_back_the_same_model_and_folding_in_changes_nothing(run: Notebook) -> None:
    import torch

    from phitune_gui.data.training_rows import training_rows
    from phitune_gui.engine.evaluate import mean_loss
    from phitune_gui.engine.merge import merged_model
    from phitune_gui.engine.model import load_base
    from phitune_gui.engine.run_source import read_run

    source = read_run(run.folder)
    tuned = _reloaded(source, None)
    ids = torch.arange(20, 60)[None]
    with torch.inference_mode():
        expected = tuned(input_ids=ids).logits[:, -ids.shape[1] :]
        base = load_base(source.job.base_model, torch.float32)(input_ids=ids).logits
    assert (expected - base).abs().max() > 0.05
    if technique(source.job.recipe.technique.id).can_merge:
        with torch.inference_mode():
            folded = merged_model(source)(input_ids=ids).logits
        assert (expected - folded).abs().max() <= 1e-4
    else:
        with pytest.raises(CannotStart, match="cannot be made into a model of its own"):
            merged_model(source)
    quantisation = technique(source.job.recipe.technique.id).quantisation(options_for(source.job.recipe.technique))
    if quantisation is not None:
        tuned = _as_trained(source, quantisation)
        with torch.inference_mode():
            difference = (tuned(input_ids=ids).logits - folded).abs()
        logging.getLogger(__name__).info(
            "logits as trained and folded differ by %.3f, in the mean %.3f", difference.max(), difference.mean()
        )
    rows = training_rows(source.job.recipe, source.job.base_model).validation
    assert mean_loss(tuned, rows)[0] == pytest.approx(run.all(e.Evaluated)[-1].loss, abs=1e-5)


@pytest.mark.slow
def test_it_leaves_as_onnx_that_answers_alike(run: Notebook, tmp_path: Path) -> None:
    from phitune_gui.engine.export import run_export

    notebook = Notebook(tmp_path)
    if not technique(_section(run).id).can_export:
        for target in ("onnx-cpu-fp32", "merged", "auto"):
            with pytest.raises(CannotStart, match="cannot be made into a model of its own"):
                run_export(ExportJob(run=str(run.folder), target=target, out=str(tmp_path / "out")), notebook)
        run_export(ExportJob(run=str(run.folder), target="adapter", out=str(tmp_path / "out")), notebook)
        assert (tmp_path / "out" / "adapter_config.json").is_file()
        return
    run_export(ExportJob(run=str(run.folder), target="onnx-cpu-fp32", out=str(tmp_path / "out")), notebook)

    (verified,) = notebook.all(e.Verified)
    assert verified.report.verified, verified.report.why
    assert verified.report.max_logit_difference <= 1e-4


def test_going_on_from_a_checkpoint_ends_with_the_same_weights(run: Notebook) -> None:
    from safetensors.torch import load_file
    from torch import equal

    from phitune_gui.engine.run_source import read_run
    from phitune_gui.engine.train import run_training

    source = read_run(run.folder)
    (weights,) = source.adapter.glob("*.safetensors")
    whole = load_file(weights)
    again = Notebook(run.folder)
    run_training(source.job.model_copy(update={"from_step": 18, "checkpoint": "checkpoints/step-000018"}), again)

    assert [step.loss for step in again.all(e.StepLogged)] == [step.loss for step in run.all(e.StepLogged)[18:]]
    repeated = load_file(weights)
    assert whole.keys() == repeated.keys()
    assert all(equal(whole[name], repeated[name]) for name in whole)


def _with_technique(job: TrainJob, each: Technique[Any]) -> TrainJob:
    section = TechniqueSection.model_validate({"id": each.id, **SMALL.get(each.id, {})})
    return job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": section})})


def _reloaded(source: RunSource, quantisation: Quantisation | None) -> Any:
    """What was trained, as anybody would load it: the adapter on the base, quantised or not, or the whole model."""
    import torch

    from phitune_gui.engine.model import load_base, with_adapter

    base = load_base(source.loaded_model, torch.float32, quantisation)
    return (with_adapter(base, source.adapter) if source.is_adapter else base).eval()


def _as_trained(source: RunSource, quantisation: Quantisation) -> Any:
    """The quantised model with the adapter of the last checkpoint, which is not for the untouched model where it starts inside it."""
    if not technique(source.job.recipe.technique.id).starts_inside_model:
        return _reloaded(source, quantisation)
    return _reloaded(source._replace(adapter=source.folder / "checkpoints" / "step-000020"), quantisation)


def _section(run: Notebook) -> TechniqueSection:
    from phitune_gui.engine.run_source import read_run

    return read_run(run.folder).job.recipe.technique
