"""rsLoRA: LoRA whose scale is divided by the root of the rank, so that high ranks learn as well as low ones."""

from typing import Any

from phitune_gui.catalog.techniques import lora
from phitune_gui.catalog.techniques.lora import LoraOptions
from phitune_gui.catalog.techniques.technique import Technique


def peft_config(options: LoraOptions) -> dict[str, Any]:
    """LoRA's words, with the scale alpha / sqrt(rank) of Kalajdzievski 2023 (arXiv 2312.03732)."""
    return {**lora.peft_config(options), "use_rslora": True}


RSLORA = Technique(
    id="rslora",
    label="rsLoRA",
    summary="LoRA with a scale that suits high ranks: alpha is divided by the root of the rank, not by the rank.",
    when="When LoRA at rank 64 or more learns no better than at 16.",
    costs="The same as LoRA of that rank.",
    options=LoraOptions,
    peft_config=peft_config,
    layer_shapes=lora.two_matrices,
    checks=lora.checks,
    from_peft=lora.from_peft,
)
