"""LoftQ: QLoRA whose adapter starts as what the quantisation of the frozen weights lost."""

from pydantic import Field

from phitune_gui.catalog.techniques import lora, pissa
from phitune_gui.catalog.techniques.lora import LoraOptions
from phitune_gui.catalog.techniques.qlora import DOUBLE
from phitune_gui.catalog.techniques.quantisation import FOUR_BIT, Quantisation
from phitune_gui.catalog.techniques.technique import Technique


class LoftqOptions(LoraOptions):
    """What can be set about LoftQ."""

    weights: FOUR_BIT = Field(
        "nf4", title="Frozen weights", description="nf4 suits weights best; fp4 is as small.", json_schema_extra={"advanced": True}
    )
    double_quantisation: bool = DOUBLE


def quantisation(options: LoftqOptions) -> Quantisation:
    """Four bits, as in Li et al. 2023 (arXiv 2310.08659) with one iteration, which is all that weights quantised once allow."""
    return Quantisation(kind=options.weights, double=options.double_quantisation)


LOFTQ = Technique(
    id="loftq",
    label="LoftQ",
    summary="QLoRA whose adapter starts as what 4 bits lost of each weight, so that training begins nearer the unquantised model.",
    when="When the model fits in 4 bits only and QLoRA begins with too high a loss.",
    costs="As QLoRA; Start reads each weight once more and the adapter that is kept has twice the rank. That one is for the unquantised"
          " model, so the result differs from what was trained by the rest of what 4 bits lost, as QLoRA's does.",
    options=LoftqOptions,
    peft_config=lora.peft_config,
    adapter_parameters=lora.adapter_parameters,
    checks=pissa.checks,
    target_modules=lambda options: options.target_modules,
    can_merge=True,
    can_export=True,
    starts_inside_model=True,
    extra_numbers=1,
    quantisation=quantisation,
)  # fmt: skip
