"""QLoRA: LoRA on a model whose frozen weights are kept in 4 bits."""

from pydantic import Field

from phitune_gui.catalog.techniques import lora
from phitune_gui.catalog.techniques.lora import LoraOptions
from phitune_gui.catalog.techniques.quantisation import QUANTISED, Quantisation
from phitune_gui.catalog.techniques.technique import Technique

DOUBLE = Field(
    True, title="Double quantisation", description="Keeps the constants of 4-bit weights in 8 bits as well: 0.4 bits less per weight.",
    json_schema_extra={"advanced": True},
)  # fmt: skip


class QloraOptions(LoraOptions):
    """What can be set about QLoRA."""

    weights: QUANTISED = Field(
        "nf4", title="Frozen weights", description="nf4 suits weights best; fp4 is as small, int8 is twice as large and nearer the model.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    double_quantisation: bool = DOUBLE


def quantisation(options: QloraOptions) -> Quantisation:
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
    adapter_parameters=lora.adapter_parameters,
    checks=lora.checks,
    target_modules=lambda options: options.target_modules,
    can_merge=True,
    can_export=True,
    quantisation=quantisation,
)  # fmt: skip
