"""Which parameters learn how fast: the groups of peft's own LoRA+, and plain LoRA where every factor is one."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft.optimizers import create_loraplus_optimizer

from phitune_gui.catalog.techniques.loraplus import LORA_PLUS, LoraPlusOptions
from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.engine.model import attach_adapter, load_base
from phitune_gui.engine.parameter_groups import parameter_groups
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine


def test_loraplus_groups_are_those_of_peft(model: BaseModel) -> None:
    options = LoraPlusOptions(rate_ratio=8)
    tuned, _wrapped = attach_adapter(load_base(model, torch.float32), LORA_PLUS, options)
    names = [name for name, _parameter in tuned.named_parameters()]
    ours = parameter_groups(tuned.named_parameters(), names, lambda name: LORA_PLUS.learning_rate_factor(options, name), 1e-3, 0.1)
    theirs = create_loraplus_optimizer(tuned, torch.optim.AdamW, lr=1e-3, loraplus_lr_ratio=8, loraplus_weight_decay=0.1)

    assert ours[0]["lr"] == 1e-3
    assert len(ours) == 4
    assert _filled(ours) == _filled(theirs.param_groups)
    assert len(_filled(ours)) == 2


def _filled(groups: list[dict[str, Any]]) -> list[tuple[float, float, set[int]]]:
    return [(group["lr"], group["weight_decay"], set(map(id, group["params"]))) for group in groups if group["params"]]


def test_a_ratio_of_one_is_plain_lora_and_events_tell_the_base_rate(model: BaseModel, data: Path, tmp_path: Path) -> None:
    told = {}
    for name, section in {"lora": {}, "one": {"rate_ratio": 1.0}, "four": {"rate_ratio": 4.0}}.items():
        job = a_job(model, data, max_steps=5, weight_decay=0.1, learning_rate=1e-3)
        fields = {"id": "loraplus" if section else "lora", "rank": 4, **section}
        job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": TechniqueSection.model_validate(fields)})})
        notebook = Notebook(in_folder(job, tmp_path / name))
        run_training(job, notebook)
        told[name] = [(step.loss, step.learning_rate) for step in notebook.all(e.StepLogged)]

    assert told["one"] == told["lora"]
    assert told["four"][-1][0] < told["lora"][-1][0]
    assert [rate for _loss, rate in told["four"]] == [rate for _loss, rate in told["lora"]]
