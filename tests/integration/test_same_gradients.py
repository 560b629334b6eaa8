"""Each launcher gives each technique the gradients of one process, parameter by parameter, or refuses it with its reason."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from phitune_gui.catalog.launchers import LAUNCHERS, Launcher
from phitune_gui.catalog.techniques import TECHNIQUES
from tests.integration.test_launchers import ONE, recipe, train
from tests.integration.test_split_layers import written_for

__all__ = ["recipe"]

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.name == "nt", reason="gloo over files is not tried on Windows")]

ADAM_BETA = 0.9
STEP = ("training.max_steps=1", "training.save_steps=1", "training.warmup_steps=0")
SEVERAL = [each for each in LAUNCHERS if each.several]
QUICK = [("ddp", "lora"), ("fsdp2", "lora")]


def gradients(run: dict[str, Any]) -> dict[int, torch.Tensor]:
    """What AdamW was given in its first step: its first moment then is a tenth of the gradient."""
    state = torch.load(Path(run["run"]) / "checkpoints" / "step-000001" / "optimizer.pt", weights_only=True)
    return {number: each["exp_avg"] / (1 - ADAM_BETA) for number, each in state["state"].items()}


def lets_in(launcher: Launcher, technique: str) -> bool:
    return launcher.techniques is None or technique in launcher.techniques


PAIRS = [
    pytest.param(launcher, id, id=f"{launcher.id}-{id}", marks=[] if (launcher.id, id) in QUICK else pytest.mark.slow)
    for launcher in SEVERAL
    for id in (each.id for each in TECHNIQUES)
]  # fmt: skip


@pytest.mark.parametrize(("launcher", "technique"), PAIRS)
def test_every_parameter_has_the_gradient_of_one_process(recipe: Path, launcher: Launcher, technique: str) -> None:
    own = written_for(technique, recipe)
    two = (f"launcher.id={launcher.id}", "launcher.processes=2")
    if not lets_in(launcher, technique):
        assert train(own, *two, *STEP, code=2)["error"]["where"] == "launcher.id"
        return
    if launcher.zero_stage is not None and find_spec("deepspeed") is None:
        pytest.skip("DeepSpeed is an extra")

    alone, together = gradients(train(own, *ONE, *STEP)), gradients(train(own, *two, *STEP))

    assert alone.keys() == together.keys()
    assert any(bool(each.any()) for each in alone.values())
    for number, gradient in alone.items():
        torch.testing.assert_close(together[number], gradient, rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["ddp", "fsdp2"])
def test_so_has_an_adapter_in_some_blocks_only(recipe: Path, launcher: str) -> None:
    """Backward ends above the blocks without one, so these are never put together a second time."""
    own = ("technique.model_blocks=1", *STEP)
    alone = gradients(train(recipe, *ONE, *own))
    together = gradients(train(recipe, f"launcher.id={launcher}", "launcher.processes=2", *own))
    assert len(alone) == len(together) == 8
    for number, gradient in alone.items():
        torch.testing.assert_close(together[number], gradient, rtol=0, atol=1e-4)
