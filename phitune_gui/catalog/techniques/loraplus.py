"""LoRA+: LoRA whose second matrix learns faster than the first."""

from pydantic import Field

from phitune_gui.catalog.techniques import lora
from phitune_gui.catalog.techniques.lora import LoraOptions
from phitune_gui.catalog.techniques.technique import Technique


class LoraPlusOptions(LoraOptions):
    """What can be set about LoRA+."""

    rate_ratio: float = Field(
        16.0, ge=1, le=128, title="Learning-rate ratio", description="How many times faster the second matrix learns; 1 is plain LoRA."
    )


def learning_rate_factor(options: LoraPlusOptions, parameter: str) -> float:
    """The ratio for matrix B, which starts at zero, and 1 for matrix A (Hayou et al. 2024, arXiv 2402.12354)."""
    return options.rate_ratio if ".lora_B." in parameter else 1.0


LORA_PLUS = Technique(
    id="loraplus",
    label="LoRA+",
    summary="LoRA whose second matrix learns faster than the first: often fewer steps to the same loss.",
    when="When LoRA learns too slowly. Wants about half LoRA's learning rate or less, because the second matrix multiplies it.",
    costs="The same as LoRA.",
    options=LoraPlusOptions,
    peft_config=lora.peft_config,
    layer_shapes=lora.two_matrices,
    checks=lora.checks,
    usual_learning_rates=(1e-5, 1e-4),
    learning_rate_factor=learning_rate_factor,
)
