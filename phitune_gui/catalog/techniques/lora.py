"""LoRA: train two small matrices beside each linear layer and leave the model as it is."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques.target_modules import TargetedOptions, check_rank, over_targets
from phitune_gui.catalog.techniques.technique import Technique, renamed
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class LoraOptions(TargetedOptions):
    """What can be set about LoRA."""

    rank: int = Field(
        16, ge=1, le=1024, title="Rank", description="Width of the trained matrices. A higher rank can learn more and needs more memory."
    )
    alpha: int = Field(
        32, ge=1, le=4096, title="Alpha", description="Scale of what is learned. Twice the rank is a good start.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    dropout: float = Field(
        0.0, ge=0, le=0.9, title="Dropout", description="Share of inputs dropped while training, against learning by heart.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: LoraOptions) -> dict[str, Any]:
    """LoRA in PEFT's words."""
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": options.rank,
        "lora_alpha": options.alpha,
        "lora_dropout": options.dropout,
        "target_modules": list(options.target_modules),
        "bias": "none",
    }


def two_matrices(options: LoraOptions, layer: Layer) -> int:
    """Rank times inputs plus rank times outputs."""
    return options.rank * (layer.inputs + layer.outputs)


def adapter_parameters(options: LoraOptions, model: BaseModel) -> int:
    """Both matrices of every adapted layer."""
    return over_targets(options, model, lambda layer: two_matrices(options, layer))


def checks(options: LoraOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers and rank."""
    return check_rank(options, options.rank, model)


from_peft = renamed(rank="r", alpha="lora_alpha", dropout="lora_dropout", target_modules="target_modules")

LORA = Technique(
    id="lora",
    label="LoRA",
    summary="Trains small matrices beside the frozen model. Quick, exact to merge, a good first choice.",
    when="Almost always: for a style, a format, a domain or a task, with some dozens to many thousands of rows.",
    costs="The model's weights once, plus about one percent; the fastest of all.",
    options=LoraOptions,
    peft_config=peft_config,
    adapter_parameters=adapter_parameters,
    checks=checks,
    target_modules=lambda options: options.target_modules,
    can_merge=True,
    can_export=True,
    in_four_bits="qlora",
    from_peft=from_peft,
)
