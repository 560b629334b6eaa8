"""QDoRA: DoRA on a model whose frozen weights are kept in 4 bits."""

from pydantic import Field

from phitune_gui.catalog.techniques import dora, lora
from phitune_gui.catalog.techniques.lora import LoraOptions
from phitune_gui.catalog.techniques.qlora import DOUBLE
from phitune_gui.catalog.techniques.quantisation import FOUR_BIT, Quantisation
from phitune_gui.catalog.techniques.technique import Technique


class QdoraOptions(LoraOptions):
    """What can be set about QDoRA; with int8 bitsandbytes loses the weights' constants after the first backward pass."""

    weights: FOUR_BIT = Field(
        "nf4", title="Frozen weights", description="nf4 suits weights best; fp4 is as small.", json_schema_extra={"advanced": True}
    )
    double_quantisation: bool = DOUBLE


def quantisation(options: QdoraOptions) -> Quantisation:
    """That of QLoRA."""
    return Quantisation(kind=options.weights, double=options.double_quantisation)


QDORA = Technique(
    id="qdora",
    label="QDoRA",
    summary="DoRA on a model kept in 4 bits: small like QLoRA, often a little better at low ranks.",
    when="When the model does not fit into memory otherwise and time matters less.",
    costs="The memory of QLoRA and a little more; the slowest, because weights are unpacked and their lengths computed in every pass."
          " Folded into the unquantised model in float32, so the result differs a little from what was trained.",
    options=QdoraOptions,
    peft_config=dora.peft_config,
    adapter_parameters=dora.adapter_parameters,
    checks=lora.checks,
    target_modules=lambda options: options.target_modules,
    can_merge=True,
    can_export=True,
    bytes_per_output=6.0,  # starter 4 x 256 tokens: 1.6 GB above LoRA; four layers as wide as Phi-3-mini, 2 x 256: 1.2 GB
    time_factor=1.16,  # against LoRA on 2 layers of 1024: 2.4 times the processor time at 64 tokens, 1.5 at 256, 1.24 at 1024
    time_per_pass=130,
    quantisation=quantisation,
)  # fmt: skip
