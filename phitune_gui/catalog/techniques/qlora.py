"""QLoRA: LoRA on a model whose frozen weights are kept in 4 bits."""

from pydantic import Field

from phitune_gui.catalog.techniques import lora
from phitune_gui.catalog.techniques.lora import LoraOptions
from phitune_gui.catalog.techniques.option_fields import DOUBLE_QUANTISATION
from phitune_gui.catalog.techniques.quantisation import FOUR_BIT, QUANTISED, Quantisation
from phitune_gui.catalog.techniques.technique import Technique


class QloraOptions(LoraOptions):
    """What can be set about QLoRA."""

    weights: QUANTISED = Field(
        "nf4", title="Frozen weights", description="nf4 suits weights best; fp4 is as small, int8 is twice as large and nearer the model.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    double_quantisation: bool = DOUBLE_QUANTISATION


class FourBitOptions(LoraOptions):
    """The same for techniques that train beside 4 bits only."""

    weights: FOUR_BIT = Field(
        "nf4", title="Frozen weights", description="nf4 suits weights best; fp4 is as small.", json_schema_extra={"advanced": True}
    )
    double_quantisation: bool = DOUBLE_QUANTISATION


def quantisation(options: QloraOptions | FourBitOptions) -> Quantisation:
    """Formats of Dettmers et al. 2023 (arXiv 2305.14314), and of Dettmers et al. 2022 (arXiv 2208.07339) for int8."""
    return Quantisation(kind=options.weights, double=options.double_quantisation)


QLORA = Technique(
    id="qlora",
    label="QLoRA",
    summary="LoRA on a model kept in 4 bits: an eighth of the memory of float32 weights, for models that would not fit.",
    when="When the model does not fit into memory otherwise.",
    costs="Half a byte per weight instead of two or four, but slower: every layer is unpacked in every pass. Folded into the unquantised"
          " model in float32, so the result differs a little from what was trained.",
    options=QloraOptions,
    peft_config=lora.peft_config,
    layer_shapes=lora.two_matrices,
    checks=lora.checks,
    quantisation=quantisation,
)  # fmt: skip
