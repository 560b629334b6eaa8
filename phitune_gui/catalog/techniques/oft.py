"""OFT: turn the inputs of each layer by a learned rotation, block by block."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import linear_layers
from phitune_gui.catalog.techniques.target_modules import TargetedOptions, check_names, over_targets
from phitune_gui.catalog.techniques.technique import Technique, renamed
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class OftOptions(TargetedOptions):
    """What can be set about OFT."""

    block_size: int = Field(32, ge=2, le=1024, title="Block size", description="Features that are turned together; larger learns more.")
    dropout: float = Field(
        0.0, ge=0, le=0.9, title="Dropout", description="Share of blocks left unturned while training, against learning by heart.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: OftOptions) -> dict[str, Any]:
    """OFT (Qiu et al. 2023, arXiv 2306.07280) in PEFT's words, with the quick Cayley-Neumann form of the rotation."""
    return {
        "peft_type": "OFT", "task_type": "CAUSAL_LM", "r": 0, "oft_block_size": options.block_size, "module_dropout": options.dropout,
        "target_modules": list(options.target_modules), "bias": "none", "use_cayley_neumann": True,
    }  # fmt: skip


def adapter_parameters(options: OftOptions, model: BaseModel) -> int:
    """The angles of one block times the blocks of each layer's inputs."""
    angles = options.block_size * (options.block_size - 1) // 2
    return over_targets(options, model, lambda layer: layer.inputs // options.block_size * angles)


def check_blocks(names: tuple[str, ...], block_size: int, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers, and a block size that does not divide each layer's inputs."""
    found = check_names(names)
    if found or model is None or not model.hidden:
        return found
    inputs = sorted({linear_layers(model)[name].inputs for name in names})
    if all(number % block_size == 0 for number in inputs):
        return ()
    sizes = [size for size in (8, 16, 32, 64, 128) if all(number % size == 0 for number in inputs)]
    what = f"Blocks of {block_size} do not divide the layers' inputs ({', '.join(map(str, inputs))})."
    fix = f"Choose {', '.join(map(str, sizes))} or another divisor." if sizes else "Choose a number that divides them, such as 2 or 4."
    return (Problem(where="technique.block_size", what=what, how_to_fix=fix),)


def checks(options: OftOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers and block size."""
    return check_blocks(options.target_modules, options.block_size, model)


OFT = Technique(
    id="oft",
    label="OFT",
    summary="Turns the inputs of each layer by a learned rotation: what the model knows keeps its shape.",
    when="When the tuned model must stay close to the original, or when LoRA forgets too much.",
    costs="About the memory of LoRA; slower, because rotations are computed in every step.",
    options=OftOptions,
    peft_config=peft_config,
    adapter_parameters=adapter_parameters,
    checks=checks,
    target_modules=lambda options: options.target_modules,
    can_merge=True,
    can_export=True,
    time_per_pass=8,  # processor time against LoRA on 2 layers of 1024 at 64, 256 and 1024 tokens: 1.13, 1.06, 1.02
    activation_factor=0.9,
    from_peft=renamed(block_size="oft_block_size", dropout="module_dropout", target_modules="target_modules"),
)
