"""LoftQ starts nearer the unquantised model than QLoRA does, and a run of it keeps an adapter for the unquantised one."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from peft.tuners.lora import LoraLayer

from phitune_gui.catalog.techniques import technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.engine.model import attach_adapter, load_base
from phitune_gui.engine.quantisation_error import lost, start_as_error

pytestmark = pytest.mark.engine


def _attached(model: BaseModel, rank: int, weights: str = "nf4") -> Any:
    loftq = technique("loftq")
    options = loftq.options(rank=rank, alpha=2 * rank, weights=weights)
    return attach_adapter(load_base(model, torch.float32, loftq.quantisation(options)), loftq, options)[0].eval()


@pytest.mark.parametrize("weights", ["nf4", "fp4"])
def test_each_layer_starts_as_the_best_picture_of_what_it_lost(model: BaseModel, weights: str) -> None:
    exact = dict(load_base(model, torch.float32).named_parameters())
    tuned = _attached(model, 8, weights)
    start_as_error(tuned, Path(model.path))

    layers = {name: layer for name, layer in tuned.named_modules() if isinstance(layer, LoraLayer)}
    assert len(layers) == 8
    for name, layer in layers.items():
        missing = lost(layer, exact[name.removeprefix("base_model.model.") + ".weight"])
        caught = layer.scaling["default"] * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
        best = torch.linalg.svdvals(missing)[8:].square().sum().sqrt()
        assert missing.norm() > (missing - caught).norm() > 0
        assert (missing - caught).norm() <= 1.02 * best


def test_it_begins_nearer_the_unquantised_model_the_higher_the_rank(model: BaseModel) -> None:
    ids = torch.arange(20, 60)[None]
    with torch.inference_mode():
        wanted = load_base(model, torch.float32).eval()(input_ids=ids).logits
        apart = [(_attached(model, 4)(input_ids=ids).logits - wanted).abs().mean().item()]
        for rank in (4, 32):
            tuned = _attached(model, rank)
            start_as_error(tuned, Path(model.path))
            apart.append((tuned(input_ids=ids).logits - wanted).abs().mean().item())
    logging.getLogger(__name__).info("logits apart in the mean: QLoRA %.4f, LoftQ of rank 4 %.4f, of rank 32 %.4f", *apart)
    assert apart[2] < apart[1] < apart[0]


def test_its_start_is_the_same_each_time_and_leaves_random_numbers_alone(model: BaseModel) -> None:
    one, two = _attached(model, 4), _attached(model, 4)
    torch.manual_seed(5)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    first = start_as_error(one, Path(model.path))
    assert torch.equal(torch.rand(3), drawn)
    second = start_as_error(two, Path(model.path))
    assert all(torch.equal(first[name], second[name]) for name in first)
