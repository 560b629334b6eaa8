"""PiSSA and OLoRA begin as the model itself, and what they keep is a plain LoRA for the model as it was."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftConfig

from phitune_gui.catalog.techniques import technique
from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.engine.inside_start import start_from, weights_of
from phitune_gui.engine.model import attach_adapter, load_base
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine
STARTS = [("pissa", {"rank": 4}), ("pissa", {"rank": 4, "iterations": 0}), ("olora", {"rank": 4})]


@pytest.mark.parametrize(("id", "options"), STARTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_taking_the_start_out_again_gives_what_peft_made(model: BaseModel, id: str, options: dict[str, Any], dtype: torch.dtype) -> None:
    chosen = technique(id)
    theirs, _wrapped = attach_adapter(load_base(model, dtype), chosen, chosen.options(**options))
    start = weights_of(theirs)
    ours, _wrapped = attach_adapter(load_base(model, dtype), chosen, chosen.options(**options), init_lora_weights=False)
    start_from(ours, start)

    for (name, made), (_name, wanted) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        atol, rtol = (1e-6, 0.0) if dtype == torch.float32 else (4e-3, 1e-2)
        assert torch.allclose(made.float(), wanted.float(), atol=atol, rtol=rtol), name


@pytest.mark.parametrize(("id", "options"), STARTS)
def test_the_first_loss_is_the_base_models_and_what_is_kept_is_plain(
    model: BaseModel, data: Path, tmp_path: Path, id: str, options: dict[str, Any]
) -> None:
    told = {}
    for name, fields in {"lora": {"id": "lora", "rank": 4}, "other": {"id": id, **options}}.items():
        job = a_job(model, data, max_steps=2, learning_rate=1e-3)
        job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": TechniqueSection.model_validate(fields)})})
        notebook = Notebook(in_folder(job, tmp_path / name))
        run_training(job, notebook)
        told[name] = notebook.all(e.Evaluated)[0].loss

    assert told["other"] == pytest.approx(told["lora"], abs=1e-5)
    kept = PeftConfig.from_pretrained(str(tmp_path / "other" / "adapter"))
    assert (kept.r, kept.lora_alpha, kept.init_lora_weights) == (8, 64, True)
