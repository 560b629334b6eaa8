"""Frozen weights in fewer bits: every format trains, judging between steps changes nothing, and what cannot work is refused before."""

from pathlib import Path
from typing import Any

import pytest
import torch

from phitune_gui.catalog.base_models.shapes import linear_layers
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.engine import quantise
from phitune_gui.engine.model import load_base
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine


def _train(model: BaseModel, data: Path, folder: Path, technique: dict[str, Any], **training: Any) -> Notebook:
    job = a_job(model, data, **{"max_steps": 6, **training})
    section = TechniqueSection.model_validate({"rank": 4, **technique})
    job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"technique": section})})
    notebook = Notebook(in_folder(job, folder))
    run_training(job, notebook)
    return notebook


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "technique",
    [
        {"id": "qlora", "weights": "fp4"},
        {"id": "qlora", "weights": "int8"},
        {"id": "qlora", "double_quantisation": False},
        {"id": "qdora", "weights": "fp4", "double_quantisation": False},
    ],
)
def test_every_format_learns_and_judging_between_steps_changes_nothing(
    model: BaseModel, data: Path, tmp_path: Path, technique: dict[str, Any], dtype: str
) -> None:
    rarely = _train(model, data, tmp_path / "rarely", technique, dtype=dtype, eval_steps=100)
    often = _train(model, data, tmp_path / "often", technique, dtype=dtype, eval_steps=1)

    losses = [step.loss for step in rarely.all(e.StepLogged)]
    assert losses[-1] < 0.9 * losses[0]
    assert losses == [step.loss for step in often.all(e.StepLogged)]


def test_saving_memory_gives_the_same_gradients(model: BaseModel, data: Path, tmp_path: Path) -> None:
    told = []
    for saves in (False, True):
        notebook = _train(model, data, tmp_path / str(saves), {"id": "qlora"}, gradient_checkpointing=saves)
        told.append([step.grad_norm for step in notebook.all(e.StepLogged)])

    assert told[1] == pytest.approx(told[0], rel=1e-4)


def test_gradients_are_those_of_the_unpacked_weights(model: BaseModel) -> None:
    """Judged first, because bitsandbytes may then change the weights' layout to one that has no gradient."""
    import bitsandbytes as bnb

    quantised = load_base(model, torch.float32, Quantisation())
    ids = torch.arange(20, 60)[None]
    with torch.no_grad():
        quantised.eval()(input_ids=ids)
    plain = load_base(model, torch.float32)
    for name, layer in quantised.named_modules():
        if isinstance(layer, bnb.nn.Linear4bit):
            plain.get_submodule(name).weight.data = bnb.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    gradients = []
    for each in (quantised, plain):
        given = plain.get_input_embeddings()(ids).detach().requires_grad_()
        each.train()(inputs_embeds=given, labels=ids).loss.backward()
        gradients.append(given.grad)

    assert torch.allclose(gradients[0], gradients[1], atol=1e-5)


def test_only_linear_layers_are_quantised_and_take_the_bytes_that_are_planned(model: BaseModel) -> None:
    for quantisation in (Quantisation(), Quantisation(double=False), Quantisation(kind="int8")):
        loaded = load_base(model, torch.float32, quantisation)
        assert loaded.lm_head.weight.dtype == loaded.get_input_embeddings().weight.dtype == torch.float32
        layer = loaded.model.layers[0].mlp.gate_up_proj
        assert layer.weight.dtype in (torch.uint8, torch.int8)
        if quantisation.kind == "int8":
            continue
        state = layer.weight.quant_state
        constants = state.absmax.nbytes + (state.state2.absmax.nbytes if state.nested else 0)
        weights = linear_layers(model)["gate_up_proj"].weights
        assert (layer.weight.nbytes + constants) / weights == pytest.approx(quantisation.bytes_per_weight, rel=1e-3)


def test_a_machine_that_cannot_is_told_before_the_model_is_loaded(
    model: BaseModel, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_quantisation: Quantisation) -> bool:
        raise RuntimeError("no kernel for this processor\nat 0x0")

    monkeypatch.setattr(quantise, "gradient_through_quantised", broken)

    with pytest.raises(CannotStart, match="RuntimeError: no kernel for this processor") as caught:
        _train(model, data, tmp_path / "run", {"id": "qlora"})

    assert "Choose LoRA" in caught.value.problem.how_to_fix
