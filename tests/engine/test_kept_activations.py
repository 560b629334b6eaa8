"""What a plan says that a layer keeps for the backward pass is what torch keeps of it, byte by byte."""

import pytest
import torch

from phitune_gui.catalog.base_models.shapes import linear_parameters
from phitune_gui.catalog.techniques import read_options, technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.recipe import ModelSection, Recipe, TechniqueSection
from phitune_gui.engine.loss import learned_hidden
from phitune_gui.engine.model import Tuned, attach_adapter, load_base
from phitune_gui.planning.activations import kept_per_token, outputs_apart
from phitune_gui.planning.figures import count
from phitune_gui.store.models import read_model
from tests.helpers.tiny_phi3 import write_tiny_phi3

pytestmark = pytest.mark.engine

ROWS, TOKENS, LAYERS = 4, 128, 3


def bytes_kept(model: Tuned) -> int:
    """Of all tensors that the layers of this model save for the backward pass, beside its own weights, each storage once."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if (place := tensor.untyped_storage().data_ptr()) not in own:
            kept[place] = tensor  # kept alive, so that no place is used twice
        return tensor

    ids = torch.randint(1, 500, (ROWS, TOKENS))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        learned_hidden(model, batch)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    folder = tmp_path_factory.mktemp("wide")
    return read_model(write_tiny_phi3(
        folder, hidden_size=256, intermediate_size=768, num_hidden_layers=LAYERS, num_attention_heads=4, num_key_value_heads=4,
    ))  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("id", "options", "learning"), [
    ("lora", {}, LAYERS), ("lora", {"dropout": 0.1}, LAYERS), ("lora", {"model_blocks": [1, 2]}, 2), ("qlora", {"dropout": 0.1}, LAYERS),
    ("dora", {}, LAYERS), ("dora", {"dropout": 0.1}, LAYERS),
])  # fmt: skip
def test_the_formula_is_what_torch_keeps(id: str, options: dict[str, object], learning: int, dtype: str, wide: BaseModel) -> None:
    recipe = Recipe(model=ModelSection(path=wide.path), technique=TechniqueSection(id=id, **options))
    known, chosen = technique(id), read_options(recipe.technique)
    figures = count(recipe, wide, None)
    tuned, _matched = attach_adapter(load_base(wide, getattr(torch, dtype), figures.quantisation), known, chosen)

    of_token = kept_per_token(recipe, wide, dtype, figures) + outputs_apart(recipe, wide, dtype)
    planned = ROWS * TOKENS * figures.learning_layers * of_token + known.weight_copies * 4 * linear_parameters(wide)

    assert figures.learning_layers == learning
    assert bytes_kept(tuned.train()) == pytest.approx(planned, rel=0.08)
