"""AdaLoRA: LoRA that begins with too high a rank and takes it away where it is needed least."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques.option_fields import DROPOUT
from phitune_gui.catalog.techniques.target_modules import Shapes, TargetedOptions, check_rank, check_targets, on_layers
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class AdaLoraOptions(TargetedOptions):
    """What can be set about AdaLoRA."""

    rank: int = Field(12, ge=2, le=1024, title="Rank at first", description="Width of each layer's matrices before any is taken away.")
    target_rank: int = Field(
        8, ge=1, le=1023, title="Rank in the end", description="Mean width that is left; important layers keep more of it than others."
    )
    alpha: int = Field(
        32, ge=1, le=4096, title="Alpha", description="Scale of what is learned.", json_schema_extra={"advanced": True}
    )  # fmt: skip
    dropout: float = DROPOUT
    untouched_percent: int = Field(
        10, ge=0, le=45, title="Steps before", description="Share of the steps before the first rank is taken away.",
        json_schema_extra={"advanced": True, "unit": "%"},
    )  # fmt: skip
    settled_percent: int = Field(
        30, ge=0, le=45, title="Steps after", description="Share of the steps that are trained with the ranks that are left.",
        json_schema_extra={"advanced": True, "unit": "%"},
    )  # fmt: skip

    @property
    def dropped_inputs(self) -> float:
        """What `dropout` says."""
        return self.dropout


def peft_config(options: AdaLoraOptions) -> dict[str, Any]:
    """AdaLoRA (Zhang et al. 2023, arXiv 2303.10512) in PEFT's words, for a run of one step; `schedule` says what holds for more."""
    return on_layers(
        "ADALORA", options, init_r=options.rank, target_r=options.target_rank, lora_alpha=options.alpha, lora_dropout=options.dropout,
        **schedule(options, 1),
    )  # fmt: skip


def schedule(options: AdaLoraOptions, steps: int) -> dict[str, Any]:
    """When ranks are taken away: after every step between the first and the last part of the run."""
    before, after = steps * options.untouched_percent // 100, steps * options.settled_percent // 100
    return {"total_step": steps, "tinit": before, "tfinal": after, "deltaT": 1}


def layer_shapes(options: AdaLoraOptions, _name: str, layer: Layer) -> Shapes:
    """Two matrices of the first rank and as many factors between them."""
    return {"lora_A": (options.rank, layer.inputs), "lora_B": (layer.outputs, options.rank), "lora_E": (options.rank, 1)}


def checks(options: AdaLoraOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers and rank, and ranks of which none would be taken away."""
    if options.target_rank < options.rank:
        return check_rank(options, options.rank, model)
    what = f"The rank in the end ({options.target_rank}) is no lower than the rank at first ({options.rank})."
    fix = f"Set technique.target_rank to {options.rank - 1} or less, or choose LoRA."
    return (Problem(where="technique.target_rank", what=what, how_to_fix=fix), *check_targets(options, model))


ADALORA = Technique(
    id="adalora",
    label="AdaLoRA",
    summary="Begins with a higher rank in every layer and takes away what matters least: layers that learn most keep most.",
    when="When the adapter should be small and you do not know which layers matter. Wants long runs.",
    costs="The memory of LoRA at the rank at first; a step is a little slower, and checkpoints are two thirds larger.",
    options=AdaLoraOptions,
    peft_config=peft_config,
    layer_shapes=layer_shapes,
    checks=checks,
    schedule=schedule,
    extra_numbers=2,
    activation_factor=1.35,  # 2 x 256 tokens: 0.4 GB above LoRA in bfloat16 (starter, and four layers as wide as Phi-3-mini), 0 in float32
)
