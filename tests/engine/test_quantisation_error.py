"""LoftQ starts nearer the unquantised model than QLoRA does, and a run of it keeps an adapter for the unquantised one."""

import logging
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file

from phitune_gui.catalog.techniques import technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.engine.model import attach_adapter, load_base
from phitune_gui.engine.quantisation_error import lost, quantise_without, start_as_error
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

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
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)


def _apart(tuned: Any, exact: dict[str, torch.Tensor]) -> float:
    """How far the weights with their adapters are from the exact ones, over all layers."""
    total = 0.0
    for name, layer in tuned.named_modules():
        if isinstance(layer, LoraLayer):
            caught = layer.scaling["default"] * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
            total += (lost(layer, exact[name.removeprefix("base_model.model.") + ".weight"]) - caught).square().sum().item()
    return total**0.5


@torch.no_grad()
@pytest.mark.parametrize("weights", ["nf4", "fp4"])
def test_each_iteration_loses_less(model: BaseModel, weights: str) -> None:
    exact = dict(load_base(model, torch.float32).named_parameters())
    apart = []
    for iterations in (1, 2, 5):
        tuned = _attached(model, 8, weights)
        start_as_error(tuned, Path(model.path), iterations)
        apart.append(_apart(tuned, exact))
    logging.getLogger(__name__).info("weights apart after 1, 2 and 5 iterations: %.4f %.4f %.4f", *apart)
    assert apart[2] < apart[1] < 0.99 * apart[0]


@torch.no_grad()
def test_quantising_anew_without_the_same_gives_the_same_bits(model: BaseModel) -> None:
    first, again = _attached(model, 4), _attached(model, 4)
    untouched = [layer.get_base_layer().weight.data.clone() for layer in again.modules() if isinstance(layer, LoraLayer)]
    nothing = {f"{name}.{side}.weight": torch.zeros_like(getattr(layer, side)["default"].weight)
               for name, layer in again.named_modules() if isinstance(layer, LoraLayer) for side in ("lora_A", "lora_B")}  # fmt: skip
    quantise_without(again, Path(model.path), nothing)
    for layer, packed in zip((each for each in again.modules() if isinstance(each, LoraLayer)), untouched, strict=True):
        assert torch.equal(layer.get_base_layer().weight.data, packed)

    start = start_as_error(first, Path(model.path), 3)
    quantise_without(again, Path(model.path), start.taken)
    peft.set_peft_model_state_dict(again, start.weights)
    ids = torch.arange(20, 60)[None]
    assert torch.equal(first(input_ids=ids).logits, again(input_ids=ids).logits)


def test_a_run_of_several_iterations_goes_on_with_the_same_weights(model: BaseModel, data: Path, tmp_path: Path) -> None:
    section = TechniqueSection.model_validate({"id": "loftq", "rank": 4, "iterations": 3})
    job = a_job(model, data, max_steps=4, save_steps=2)
    job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": section})})
    notebook = Notebook(in_folder(job, tmp_path / "run"))
    run_training(job, notebook)
    kept = load_file(tmp_path / "run" / "adapter" / "adapter_model.safetensors")

    run_training(job.model_copy(update={"from_step": 2, "checkpoint": "checkpoints/step-000002"}), Notebook(notebook.folder))

    again = load_file(tmp_path / "run" / "adapter" / "adapter_model.safetensors")
    assert all(torch.equal(kept[name], again[name]) for name in kept)
