"""Prefix tuning: learn keys and values that every layer's attention sees before the conversation."""

from typing import Any, Literal

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques import virtual_tokens
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.catalog.techniques.virtual_tokens import WHY_NO_MERGE, VirtualTokensOptions, before_all, linear
from phitune_gui.core.base_model import BaseModel


class PrefixOptions(VirtualTokensOptions):
    """What can be set about prefix tuning."""

    start: Literal["zero", "random"] = Field(
        "zero", title="Start", description="zero begins near the untouched model; random disturbs it at first.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    projection: bool = Field(
        False, title="Projection", description="Makes the prefix by a small network while training: steadier, but many more numbers.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    encoder_size: int = Field(
        128, ge=1, le=4096, title="Encoder width", description="Width of the projection's hidden layer; not used without it.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: PrefixOptions) -> dict[str, Any]:
    """Prefix tuning (Li and Liang 2021, arXiv 2101.00190) in PEFT's words."""
    start = "zero" if options.start == "zero" else None
    return before_all(
        "PREFIX_TUNING", options, prefix_projection=options.projection, encoder_hidden_size=options.encoder_size, init_weights=start
    )


def count(options: PrefixOptions, model: BaseModel) -> int:
    """A key and a value per layer and virtual token, or the network that makes them."""
    key = model.key_value_heads * model.head_size
    made = 2 * model.layers * key
    if not options.projection:
        return options.virtual_tokens * made
    return options.virtual_tokens * key + linear(Layer(key, options.encoder_size)) + linear(Layer(options.encoder_size, made))


PREFIX = Technique(
    id="prefix",
    label="Prefix tuning",
    summary="Learns keys and values that every layer sees before the conversation: a prompt for each layer.",
    when="When an adapter must leave every weight alone and prompt tuning is too weak. Wants a learning rate of 1e-2 or more.",
    costs="Little optimizer memory and little time, but activations cannot be computed twice to save memory. Needs PEFT to answer.",
    options=PrefixOptions,
    peft_config=peft_config,
    count=count,
    checks=virtual_tokens.checks,
    why_no_merge=WHY_NO_MERGE,
    can_checkpoint=False,
    usual_learning_rates=(1e-2, 1e-1),  # in ten steps the held-out loss fell 0.1 % at 2e-4 and 7 % at 2e-2
)
