"""BOFT: a rotation of blocks of each layer's inputs and a factor for each output."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques.oft import check_blocks
from phitune_gui.catalog.techniques.option_fields import BLOCK_DROPOUT
from phitune_gui.catalog.techniques.target_modules import Shapes, TargetedOptions, check_targets, on_layers
from phitune_gui.catalog.techniques.technique import Technique, renamed
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class BoftOptions(TargetedOptions):
    """What can be set about BOFT."""

    block_size: int = Field(8, ge=2, le=256, title="Block size", description="Features that are turned together; an even number.")
    dropout: float = BLOCK_DROPOUT


def peft_config(options: BoftOptions) -> dict[str, Any]:
    """BOFT (Liu et al. 2023, arXiv 2311.06243) in PEFT's words; PEFT makes one butterfly step unless a CUDA extension is compiled."""
    return on_layers("BOFT", options, boft_block_size=options.block_size, boft_dropout=options.dropout, boft_n_butterfly_factor=1)


def layer_shapes(options: BoftOptions, _name: str, layer: Layer) -> Shapes:
    """Square blocks over all inputs, and one scale per output."""
    blocks = (1, layer.inputs // options.block_size, options.block_size, options.block_size)
    return {"boft_R": blocks, "boft_s": (layer.outputs, 1)}


def checks(options: BoftOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers, and even blocks that divide each layer's inputs."""
    if options.block_size % 2:
        what = f"Blocks of {options.block_size} cannot be halved."
        odd = Problem(where="technique.block_size", what=what, how_to_fix="Choose an even number, such as 8.")
        return (odd, *check_targets(options, model))
    return check_blocks(options, options.block_size, model)


BOFT = Technique(
    id="boft",
    label="BOFT",
    summary="Rotates like OFT and learns a factor for every output as well.",
    when="When OFT fits the task but learns too little.",
    costs="The slowest of the adapters: every step builds a whole rotation for each layer.",
    options=BoftOptions,
    peft_config=peft_config,
    layer_shapes=layer_shapes,
    checks=checks,
    weight_copies=3.0,  # starter, 4 x 256 tokens: 1.3 GB above LoRA
    time_per_pass=950,  # starter, 4 x 256 tokens: 15.8 s against 8.2 of LoRA; more on wider models, where the rotations are larger
    from_peft=renamed(block_size="boft_block_size", dropout="boft_dropout"),
)
