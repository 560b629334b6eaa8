"""Each launcher gives each technique the gradients of one process, parameter by parameter, or refuses it with its reason."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from phitune_gui.catalog.launchers import launcher
from phitune_gui.catalog.techniques import TECHNIQUES
from tests.helpers.commands import phitune
from tests.helpers.launchers import SEVERAL, case, lets_in, started_by
from tests.helpers.tiny_phi3 import write_tiny_phi3
from tests.integration.test_launchers import COMMON, ONE, recipe, train
from tests.integration.test_split_layers import written_for

__all__ = ["recipe"]

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.name == "nt", reason="gloo over files is not tried on Windows")]

ADAM_BETA = 0.9
STEP = ("training.max_steps=1", "training.save_steps=1", "training.warmup_steps=0")
PAIRS = [
    case(each, known.id, slow=known.id != "lora", starts=lets_in(each, known.id)) for each in SEVERAL for known in TECHNIQUES
]  # fmt: skip


def gradients(run: dict[str, Any]) -> dict[int, torch.Tensor]:
    """What AdamW was given in its first step: its first moment then is a tenth of the gradient."""
    state = torch.load(Path(run["run"]) / "checkpoints" / "step-000001" / "optimizer.pt", weights_only=True)
    return {number: each["exp_avg"] / (1 - ADAM_BETA) for number, each in state["state"].items()}


@pytest.mark.parametrize(("id", "technique"), PAIRS)
def test_every_parameter_has_the_gradient_of_one_process(recipe: Path, id: str, technique: str) -> None:
    own = written_for(technique, recipe)
    if not lets_in(launcher(id), technique):
        assert train(own, *started_by(id), *STEP, code=2)["error"]["where"] == "launcher.id"
        return

    alone, together = gradients(train(own, *ONE, *STEP)), gradients(train(own, *started_by(id), *STEP))

    require_same(together, alone)


@pytest.mark.parametrize(
    ("id", "technique"), [case(each, known, slow=known != "lora") for each in SEVERAL if each.shares for known in each.techniques or ()]
)
def test_so_it_has_with_the_optimizer_offloaded(recipe: Path, id: str, technique: str) -> None:
    own, offloaded = written_for(technique, recipe), (*started_by(id), "launcher.offload=cpu")

    alone, together = gradients(train(own, *ONE, *STEP)), gradients(train(own, *offloaded, *STEP))

    require_same(together, alone)


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("id", [case(each, slow=each.id not in ("fsdp2", "zero3")) for each in SEVERAL])
def test_so_it_has_where_the_head_is_the_embedding(tied: Path, id: str, processes: int) -> None:
    alone = gradients(train(tied, f"training.accumulation={processes}", *STEP))
    together = gradients(train(tied, *started_by(id, processes), *STEP))

    require_same(together, alone)


@pytest.fixture(scope="module")
def tied(recipe: Path) -> Path:
    """A recipe for a model that has one matrix for embedding and head, as the starter has."""
    folder, made = recipe.parent, recipe.with_name("tied.phitune.yaml")
    lengths = {"max_position_embeddings": 2048, "original_max_position_embeddings": 2048}
    model = write_tiny_phi3(folder / "tied", tie_word_embeddings=True, **lengths)
    options = [part for option in COMMON for part in ("-o", option)]
    given = ["--model", str(model), "--data", str(folder / "rows.jsonl"), "--out", str(made)]
    phitune("recipe", "new", *given, *options, home=folder / "home")
    return made


def require_same(together: dict[int, torch.Tensor], alone: dict[int, torch.Tensor]) -> None:
    assert alone.keys() == together.keys()
    assert any(bool(each.any()) for each in alone.values())
    for number, gradient in alone.items():
        torch.testing.assert_close(together[number], gradient, rtol=0, atol=1e-4)


@pytest.mark.parametrize("block", [0, 1])
@pytest.mark.parametrize("id", [case(each, slow=True) for each in SEVERAL])
def test_so_has_an_adapter_in_some_blocks_only(recipe: Path, id: str, block: int) -> None:
    """Backward ends above the blocks without one, so these are never put together a second time."""
    own = (f"technique.model_blocks={block}", *STEP)

    alone, together = gradients(train(recipe, *ONE, *own)), gradients(train(recipe, *started_by(id), *own))

    assert len(alone) == 8
    require_same(together, alone)
