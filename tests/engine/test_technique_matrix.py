"""The merge and export matrix, measured: each technique learns, comes back from its files, folds in, and leaves as ONNX."""

from pathlib import Path
from typing import Any

import pytest

from phitune_gui.catalog.techniques import TECHNIQUES, Technique
from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import ExportJob
from phitune_gui.core.recipe import TechniqueSection
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine

SMALL = {"lora": {"rank": 4}, "rslora": {"rank": 4}, "dora": {"rank": 4}, "vera": {"rank": 64}, "oft": {"block_size": 16}}
"""Options that suit a model 64 wide; the others' defaults do."""


@pytest.fixture(scope="module", params=TECHNIQUES, ids=lambda each: each.id)
def run(request: pytest.FixtureRequest, model: BaseModel, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    """Twenty steps with each technique."""
    from phitune_gui.engine.train import run_training

    each: Technique[Any] = request.param
    job = a_job(model, data, max_steps=20)
    section = TechniqueSection.model_validate({"id": each.id, **SMALL.get(each.id, {})})
    job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": section})})
    notebook = Notebook(in_folder(job, tmp_path_factory.mktemp(each.id) / "run"))
    notebook.emit(run_training(job, notebook))
    return notebook


def test_it_learns_what_the_plan_counts(run: Notebook, model: BaseModel) -> None:
    from phitune_gui.catalog.techniques import options_for, technique

    (began,) = run.all(e.TrainingBegan)
    judged = [point.loss for point in run.all(e.Evaluated)]
    section = _section(run)
    assert began.trainable_parameters == technique(section.id).adapter_parameters(options_for(section), model)
    assert began.matched_modules > 0
    assert judged[-1] < 0.97 * judged[0]


def test_its_files_bring_back_the_same_model_and_folding_in_changes_nothing(run: Notebook) -> None:
    import peft
    import torch

    from phitune_gui.data.training_rows import training_rows
    from phitune_gui.engine.evaluate import mean_loss
    from phitune_gui.engine.merge import merged_model
    from phitune_gui.engine.model import load_base
    from phitune_gui.engine.run_source import read_run

    source = read_run(run.folder)
    tuned = peft.PeftModel.from_pretrained(load_base(source.job.base_model, torch.float32), str(source.adapter)).eval()
    ids = torch.arange(20, 60)[None]
    with torch.inference_mode():
        expected = tuned(input_ids=ids).logits
        folded = merged_model(source)(input_ids=ids).logits
        base = load_base(source.job.base_model, torch.float32)(input_ids=ids).logits
    assert (expected - base).abs().max() > 0.05
    assert (expected - folded).abs().max() <= 1e-4
    rows = training_rows(source.job.recipe, source.job.base_model).validation
    assert mean_loss(tuned, rows)[0] == pytest.approx(run.all(e.Evaluated)[-1].loss, abs=1e-5)


@pytest.mark.slow
def test_it_leaves_as_onnx_that_answers_alike(run: Notebook, tmp_path: Path) -> None:
    from phitune_gui.engine.export import run_export

    notebook = Notebook(tmp_path)
    run_export(ExportJob(run=str(run.folder), target="onnx-cpu-fp32", out=str(tmp_path / "out")), notebook)

    (verified,) = notebook.all(e.Verified)
    assert verified.report.verified, verified.report.why
    assert verified.report.max_logit_difference <= 1e-4


def _section(run: Notebook) -> TechniqueSection:
    from phitune_gui.engine.run_source import read_run

    return read_run(run.folder).job.recipe.technique
