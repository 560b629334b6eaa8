"""What techniques share that put learned tokens before every conversation, and why their result cannot be folded into the model."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem
from phitune_gui.core.value import Written

WHY_NO_MERGE = (
    "It trains virtual tokens that stand before every conversation and changes no weight of the model, so there is nothing to fold in."
)


class VirtualTokensOptions(Written):
    """The option that every technique with virtual tokens has."""

    virtual_tokens: int = Field(
        20, ge=1, le=512, title="Virtual tokens", description="How many are learned. Each takes the room of a token in every conversation.",
        json_schema_extra={"unit": "tokens"},
    )  # fmt: skip


def before_all(kind: str, options: VirtualTokensOptions, **words: Any) -> dict[str, Any]:
    """A PEFT config of this kind with as many tokens as the options say."""
    return {"peft_type": kind, "task_type": "CAUSAL_LM", "num_virtual_tokens": options.virtual_tokens, **words}


def linear(layer: Layer) -> int:
    """Weights of a linear layer with a bias."""
    return layer.weights + layer.outputs


def checks(options: VirtualTokensOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Virtual tokens that leave no room in the model's context for a conversation."""
    if model is None or not model.context or options.virtual_tokens < model.context // 2:
        return ()
    what = f"{options.virtual_tokens:,} virtual tokens take half or more of the {model.context:,} tokens that {model.name} reads."
    fix = f"Set technique.virtual_tokens below {model.context // 2}."
    return (Problem(where="technique.virtual_tokens", what=what, how_to_fix=fix),)
