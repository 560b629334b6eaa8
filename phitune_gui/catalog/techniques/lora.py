"""LoRA: train two small matrices beside each linear layer and leave the model as it is."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques.option_fields import DROPOUT
from phitune_gui.catalog.techniques.target_modules import Shapes, TargetedOptions, check_rank, on_layers
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
    dropout: float = DROPOUT

    @property
    def dropped_inputs(self) -> float:
        """What `dropout` says."""
        return self.dropout


def peft_config(options: LoraOptions) -> dict[str, Any]:
    """LoRA in PEFT's words."""
    return on_layers("LORA", options, r=options.rank, lora_alpha=options.alpha, lora_dropout=options.dropout)


def two_matrices(options: LoraOptions, _name: str, layer: Layer) -> Shapes:
    """Down to the rank and up again."""
    return {"lora_A.weight": (options.rank, layer.inputs), "lora_B.weight": (layer.outputs, options.rank)}


def checks(options: LoraOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers and rank."""
    return check_rank(options, options.rank, model)


from_peft = renamed(rank="r", alpha="lora_alpha", dropout="lora_dropout")

LORA = Technique(
    id="lora",
    label="LoRA",
    summary="Trains small matrices beside the frozen model. Quick, exact to merge, a good first choice.",
    when="Almost always: for a style, a format, a domain or a task, with some dozens to many thousands of rows.",
    costs="The model's weights once, plus about one percent; the fastest of all.",
    options=LoraOptions,
    peft_config=peft_config,
    layer_shapes=two_matrices,
    checks=checks,
    in_four_bits="qlora",
    from_peft=from_peft,
)
