"""PiSSA: LoRA that starts from the model's own strongest directions instead of from nothing."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.techniques import lora
from phitune_gui.catalog.techniques.lora import LoraOptions
from phitune_gui.catalog.techniques.target_modules import check_rank
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class PissaOptions(LoraOptions):
    """What can be set about PiSSA."""

    iterations: int = Field(
        16, ge=0, le=64, title="Iterations", description="How exactly the start is computed; 0 computes it exactly, which takes long.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: PissaOptions) -> dict[str, Any]:
    """LoRA's words with the start of Meng et al. 2024 (arXiv 2404.02948): the largest singular values and their vectors."""
    start = f"pissa_niter_{options.iterations}" if options.iterations else "pissa"
    return {**lora.peft_config(options), "init_lora_weights": start}


def checks(options: LoraOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers, and a rank that the layers do not have."""
    return check_rank(options, options.rank, model, "problem")


PISSA = Technique(
    id="pissa",
    label="PiSSA",
    summary="LoRA that starts from the strongest directions of each weight, so that the first steps already count.",
    when="When LoRA learns too slowly and the run is short.",
    costs="A step costs the same as LoRA's. Start loads the model twice, and the adapter that is kept has twice the rank.",
    options=PissaOptions,
    peft_config=peft_config,
    layer_shapes=lora.two_matrices,
    checks=checks,
    starts_inside_model=True,
    start_tokens=lambda _options: 1400,  # 0.96 s of one core for 26 million weights, at 0.68 ms for a token
    extra_numbers=1,
)
