"""IA3: train one factor per feature instead of matrices."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques.target_modules import Shapes
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.core.value import Written

_LAYERS = {"attention and feed-forward": ("qkv_proj", "down_proj"), "all four": ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")}
_FEED_FORWARD = "down_proj"
"""Here the inputs are scaled, elsewhere the outputs."""


class Ia3Options(Written):
    """What can be set about IA3."""

    layers: Literal["attention and feed-forward", "all four"] = Field(
        "attention and feed-forward", title="Layers", description="Which linear layers are scaled.", json_schema_extra={"advanced": True}
    )


def target_modules(options: Ia3Options) -> tuple[str, ...]:
    """The layers' names."""
    return _LAYERS[options.layers]


def peft_config(options: Ia3Options) -> dict[str, Any]:
    """IA3 (Liu et al. 2022, arXiv 2205.05638) in PEFT's words; keys and values lie in Phi-3's fused layer, so queries are scaled too."""
    return {
        "peft_type": "IA3", "task_type": "CAUSAL_LM", "target_modules": list(target_modules(options)),
        "feedforward_modules": [_FEED_FORWARD],
    }  # fmt: skip


def from_peft(config: Mapping[str, Any]) -> dict[str, Any]:
    """The choice that has these target layers; the usual one, with which the config then disagrees, where none has them."""
    targets = config.get("target_modules")
    return {"layers": next((name for name, layers in _LAYERS.items() if targets and set(targets) == set(layers)), None)}


def layer_shapes(_options: Ia3Options, name: str, layer: Layer) -> Shapes:
    """One factor per output, or per input of the feed-forward layer."""
    return {"ia3_l": (1, layer.inputs) if name == _FEED_FORWARD else (layer.outputs, 1)}


IA3 = Technique(
    id="ia3",
    label="IA3",
    summary="Learns one factor per feature: a few hundred thousand numbers for Phi-3-mini, a file below a megabyte.",
    when="With very few rows, or when many small adapters must be kept. Wants a learning rate about ten times that of LoRA.",
    costs="Less optimizer memory than LoRA; activations and speed are much the same.",
    options=Ia3Options,
    peft_config=peft_config,
    layer_shapes=layer_shapes,
    target_modules=target_modules,
    usual_learning_rates=(1e-3, 1e-2),  # 3e-3 in Liu et al. 2022, arXiv 2205.05638; bfloat16 rounds a scale away until it moved by 0.2 %
    activation_factor=0.68,
    time_factor=0.94,
    from_peft=from_peft,
)
