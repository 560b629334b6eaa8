"""OFT: turn the inputs of each layer by a learned rotation, block by block."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer, linear_layers
from phitune_gui.catalog.techniques.option_fields import BLOCK_DROPOUT
from phitune_gui.catalog.techniques.target_modules import Shapes, TargetedOptions, check_targets, on_layers
from phitune_gui.catalog.techniques.technique import Technique, renamed
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class OftOptions(TargetedOptions):
    """What can be set about OFT."""

    block_size: int = Field(32, ge=2, le=1024, title="Block size", description="Features that are turned together; larger learns more.")
    dropout: float = BLOCK_DROPOUT


def peft_config(options: OftOptions) -> dict[str, Any]:
    """OFT (Qiu et al. 2023, arXiv 2306.07280) in PEFT's words, with the quick Cayley-Neumann form of the rotation."""
    return on_layers("OFT", options, r=0, oft_block_size=options.block_size, module_dropout=options.dropout, use_cayley_neumann=True)


def layer_shapes(options: OftOptions, _name: str, layer: Layer) -> Shapes:
    """The angles of each block of the layer's inputs."""
    return {"oft_R.weight": (layer.inputs // options.block_size, options.block_size * (options.block_size - 1) // 2)}


def check_blocks(options: TargetedOptions, block_size: int, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers, and a block size that does not divide each layer's inputs."""
    found = check_targets(options, model)
    if found or model is None or not model.hidden:
        return found
    inputs = sorted({linear_layers(model)[name].inputs for name in options.target_modules})
    if all(number % block_size == 0 for number in inputs):
        return ()
    sizes = [size for size in (8, 16, 32, 64, 128) if all(number % size == 0 for number in inputs)]
    what = f"Blocks of {block_size} do not divide the layers' inputs ({', '.join(map(str, inputs))})."
    fix = f"Choose {', '.join(map(str, sizes))} or another divisor." if sizes else "Choose a number that divides them, such as 2 or 4."
    return (Problem(where="technique.block_size", what=what, how_to_fix=fix),)


def checks(options: OftOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers and block size."""
    return check_blocks(options, options.block_size, model)


OFT = Technique(
    id="oft",
    label="OFT",
    summary="Turns the inputs of each layer by a learned rotation: what the model knows keeps its shape.",
    when="When the tuned model must stay close to the original, or when LoRA forgets too much.",
    costs="About the memory of LoRA; slower, because rotations are computed in every step.",
    options=OftOptions,
    peft_config=peft_config,
    layer_shapes=layer_shapes,
    checks=checks,
    time_per_pass=8,  # processor time against LoRA on 2 layers of 1024 at 64, 256 and 1024 tokens: 1.13, 1.06, 1.02
    activation_factor=0.9,
    from_peft=renamed(block_size="oft_block_size", dropout="module_dropout"),
)
