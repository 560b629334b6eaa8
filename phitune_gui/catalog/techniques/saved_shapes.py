"""What the file of an adapter holds: the names and shapes of its tensors, by the technique's options and the model's sizes alone."""

from phitune_gui.catalog.base_models.shapes import linear_layers
from phitune_gui.catalog.techniques import options_for, technique
from phitune_gui.catalog.techniques.target_modules import Shapes, adapted_blocks
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.recipe import TechniqueSection

_PARENTS = {"qkv_proj": "self_attn", "o_proj": "self_attn", "gate_up_proj": "mlp", "down_proj": "mlp"}


def layer_place(block: int, name: str) -> str:
    """How peft calls the layer of this name in this block."""
    return f"base_model.model.model.layers.{block}.{_PARENTS[name]}.{name}"


def saved_shapes(section: TechniqueSection, model: BaseModel) -> Shapes:
    """Every tensor of an adapter on layers of this model; none for techniques of another kind. Raises CannotStart for faulty options."""
    chosen, options = technique(section.id), options_for(section)
    layers = linear_layers(model)
    found = {
        f"{layer_place(block, name)}.{part}": shape
        for name in chosen.target_modules(options)
        for part, shape in chosen.layer_shapes(options, name, layers[name]).items()
        for block in adapted_blocks(options, model)
    }
    return {**found, **chosen.shared_shapes(options, model)}
