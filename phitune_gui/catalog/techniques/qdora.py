"""QDoRA: DoRA on a model whose frozen weights are kept in 4 bits."""

from phitune_gui.catalog.techniques import dora, lora
from phitune_gui.catalog.techniques.qlora import FourBitOptions, quantisation
from phitune_gui.catalog.techniques.technique import Technique

QDORA = Technique(
    id="qdora",
    label="QDoRA",
    summary="DoRA on a model kept in 4 bits: small like QLoRA, often a little better at low ranks.",
    when="When the model does not fit into memory otherwise and time matters less.",
    costs="The memory of QLoRA and a little more; the slowest, because weights are unpacked and their lengths computed in every pass."
          " Folded into the unquantised model in float32, so the result differs a little from what was trained.",
    options=FourBitOptions,  # with int8 bitsandbytes loses the weights' constants after the first backward pass
    peft_config=dora.peft_config,
    layer_shapes=dora.layer_shapes,
    checks=lora.checks,
    keeps_outputs=dora.DORA.keeps_outputs,
    weight_copies=dora.DORA.weight_copies,
    time_factor=dora.DORA.time_factor,
    time_per_pass=130,
    quantisation=quantisation,
)  # fmt: skip
