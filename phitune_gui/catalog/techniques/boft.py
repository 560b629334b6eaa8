"""BOFT: a rotation of blocks of each layer's inputs and a factor for each output."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.techniques.oft import check_blocks
from phitune_gui.catalog.techniques.target_modules import TargetedOptions, check_names, over_targets
from phitune_gui.catalog.techniques.technique import Technique, renamed
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class BoftOptions(TargetedOptions):
    """What can be set about BOFT."""

    block_size: int = Field(8, ge=2, le=256, title="Block size", description="Features that are turned together; an even number.")
    dropout: float = Field(
        0.0, ge=0, le=0.9, title="Dropout", description="Share of blocks left unturned while training, against learning by heart.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: BoftOptions) -> dict[str, Any]:
    """BOFT (Liu et al. 2023, arXiv 2311.06243) in PEFT's words; PEFT makes one butterfly step unless a CUDA extension is compiled."""
    return {
        "peft_type": "BOFT", "task_type": "CAUSAL_LM", "boft_block_size": options.block_size, "boft_dropout": options.dropout,
        "boft_n_butterfly_factor": 1, "target_modules": list(options.target_modules), "bias": "none",
    }  # fmt: skip


def adapter_parameters(options: BoftOptions, model: BaseModel) -> int:
    """Square blocks over all inputs, and one scale per output."""
    return over_targets(options, model, lambda layer: layer.inputs * options.block_size + layer.outputs)


def checks(options: BoftOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers, and even blocks that divide each layer's inputs."""
    if options.block_size % 2:
        what = f"Blocks of {options.block_size} cannot be halved."
        odd = Problem(where="technique.block_size", what=what, how_to_fix="Choose an even number, such as 8.")
        return (odd, *check_names(options.target_modules))
    return check_blocks(options.target_modules, options.block_size, model)


BOFT = Technique(
    id="boft",
    label="BOFT",
    summary="Like OFT, with a learned factor for every output beside the rotation.",
    when="When OFT fits the task but learns too little.",
    costs="The slowest of the adapters: every step builds a whole rotation for each layer.",
    options=BoftOptions,
    peft_config=peft_config,
    adapter_parameters=adapter_parameters,
    checks=checks,
    target_modules=lambda options: options.target_modules,
    can_merge=True,
    can_export=True,
    weight_copies=3.0,  # starter, 4 x 256 tokens: 1.3 GB above LoRA
    time_per_pass=950,  # starter, 4 x 256 tokens: 15.8 s against 8.2 of LoRA; more on wider models, where the rotations are larger
    from_peft=renamed(block_size="boft_block_size", dropout="boft_dropout", target_modules="target_modules"),
)
