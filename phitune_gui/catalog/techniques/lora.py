"""LoRA: train two small matrices beside each linear layer and leave the model as it is."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from phitune_gui.catalog.base_models.shapes import FUSED_LAYERS, linear_layers
from phitune_gui.catalog.techniques.target_modules import check_names, names_from_text
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem
from phitune_gui.core.value import Value


class LoraOptions(Value):
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
    target_modules: Annotated[tuple[str, ...], BeforeValidator(names_from_text)] = Field(
        FUSED_LAYERS, title="Target layers", description="Layers that get an adapter. All four learn best.",
        json_schema_extra={"advanced": True, "choices": list(FUSED_LAYERS)},
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


def adapter_parameters(options: LoraOptions, model: BaseModel) -> int:
    """Rank times inputs plus rank times outputs of every adapted layer; unknown names count nothing."""
    layers = linear_layers(model)
    widths = sum(layers[name].inputs + layers[name].outputs for name in set(options.target_modules) if name in layers)
    return options.rank * model.layers * widths


def checks(options: LoraOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Unknown layer names, and a rank that is no smaller than the layers themselves."""
    found = check_names(options.target_modules)
    if found or model is None or not model.hidden:
        return found
    layers = linear_layers(model)
    narrowest = min(min(layers[name]) for name in options.target_modules)
    if options.rank < narrowest:
        return ()
    what = f"Rank {options.rank} is no smaller than the model's layers ({narrowest} wide), so LoRA saves nothing."
    return (Problem(severity="advice", where="technique.rank", what=what, how_to_fix=f"Choose a rank well below {narrowest}."),)


LORA = Technique(
    id="lora",
    label="LoRA",
    summary="Trains small matrices beside the frozen model. Quick, exact to merge, a good first choice.",
    options=LoraOptions,
    peft_config=peft_config,
    adapter_parameters=adapter_parameters,
    checks=checks,
    target_modules=lambda options: options.target_modules,
    can_merge=True,
    can_export=True,
)
