"""LoftQ: QLoRA whose adapter starts as what the quantisation of the frozen weights lost."""

from pydantic import Field

from phitune_gui.catalog.techniques import lora, pissa
from phitune_gui.catalog.techniques.qlora import FourBitOptions, quantisation
from phitune_gui.catalog.techniques.technique import Technique


class LoftqOptions(FourBitOptions):
    """What can be set about LoftQ; its weights always take 4 bits, because bitsandbytes knows no fewer."""

    iterations: int = Field(
        1, ge=1, le=10, title="Iterations",
        description="More quantise the weights anew without what the adapter makes up for. Five lost 8 % less of them in twelve times the"
                    " time, but answers came no nearer.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


LOFTQ = Technique(
    id="loftq",
    label="LoftQ",
    summary="QLoRA whose adapter starts as what 4 bits lost of each weight, so that training begins nearer the unquantised model.",
    when="When the model fits in 4 bits only and QLoRA begins with too high a loss.",
    costs="As QLoRA; Start reads each weight once more and the adapter that is kept has twice the rank. That one is for the unquantised"
          " model, so the result differs from what was trained by the rest of what 4 bits lost, as QLoRA's does.",
    options=LoftqOptions,
    peft_config=lora.peft_config,
    layer_shapes=lora.two_matrices,
    checks=pissa.checks,
    starts_inside_model=True,
    extra_numbers=1,
    start_tokens=lambda options: 550 + 1600 * (options.iterations - 1),  # starter, rank 16: 1.6 s, each more 4.5; a token 2.8 ms
    quantisation=quantisation,
)  # fmt: skip
