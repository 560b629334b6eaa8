"""VeRA: two random matrices shared by all layers stay frozen; each layer learns two small vectors."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.techniques.target_modules import TargetedOptions, check_names, over_targets
from phitune_gui.catalog.techniques.technique import Technique, renamed
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class VeraOptions(TargetedOptions):
    """What can be set about VeRA."""

    rank: int = Field(256, ge=1, le=4096, title="Rank", description="Width of the shared random matrices; much higher than LoRA's.")
    dropout: float = Field(
        0.0, ge=0, le=0.9, title="Dropout", description="Share of inputs dropped while training, against learning by heart.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    seed: int = Field(
        0, ge=0, le=2**31 - 1, title="Seed of the matrices", description="The shared random matrices follow from it.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: VeraOptions) -> dict[str, Any]:
    """VeRA (Kopiczko et al. 2023, arXiv 2310.11454) in PEFT's words; the matrices are saved, because their seed is not portable."""
    return {
        "peft_type": "VERA", "task_type": "CAUSAL_LM", "r": options.rank, "vera_dropout": options.dropout,
        "projection_prng_key": options.seed, "save_projection": True, "target_modules": list(options.target_modules), "bias": "none",
    }  # fmt: skip


def adapter_parameters(options: VeraOptions, model: BaseModel) -> int:
    """A vector as long as the rank and one as long as the outputs, per layer."""
    return over_targets(options, model, lambda layer: options.rank + layer.outputs)


def checks(options: VeraOptions, _model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers only: a rank above the layers' width is usual here."""
    return check_names(options.target_modules)


VERA = Technique(
    id="vera",
    label="VeRA",
    summary="Shares two frozen random matrices among all layers and learns two vectors per layer: ten times fewer numbers than LoRA.",
    when="When the adapter must be tiny and the task is close to what the model knows. Wants a high learning rate.",
    costs="Little optimizer memory, but the shared matrices are wide: a step is slower than LoRA's.",
    options=VeraOptions,
    peft_config=peft_config,
    adapter_parameters=adapter_parameters,
    checks=checks,
    target_modules=lambda options: options.target_modules,
    can_merge=True,
    can_export=True,
    time_factor=1.27,  # processor time against LoRA on 2 layers of 1024 at 64, 256 and 1024 tokens: 1.3, 1.2, 1.3
    from_peft=renamed(rank="r", dropout="vera_dropout", seed="projection_prng_key", target_modules="target_modules"),
)
