"""LoHa: the change of a layer is the elementwise product of two low-rank matrices, so its rank can reach their product."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques.target_modules import Shapes, TargetedOptions, check_rank, on_layers
from phitune_gui.catalog.techniques.technique import Technique, renamed
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class LohaOptions(TargetedOptions):
    """What can be set about LoHa and LoKr."""

    rank: int = Field(8, ge=1, le=256, title="Rank", description="Width of the trained matrices; the change reaches its square.")
    alpha: int = Field(
        8, ge=1, le=4096, title="Alpha", description="Scale of what is learned; the same as the rank is a good start.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    rank_dropout: float = Field(
        0.0, ge=0, le=0.9, title="Rank dropout", description="Share of the ranks dropped while training, against learning by heart.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def lycoris_config(kind: str, options: LohaOptions, **words: Any) -> dict[str, Any]:
    """What LoHa and LoKr have in common in PEFT's words."""
    return on_layers(kind, options, r=options.rank, alpha=options.alpha, rank_dropout=options.rank_dropout, **words)


def peft_config(options: LohaOptions) -> dict[str, Any]:
    """LoHa (Hyeon-Woo et al. 2021, arXiv 2108.06098) in PEFT's words."""
    return lycoris_config("LOHA", options)


def layer_shapes(options: LohaOptions, _name: str, layer: Layer) -> Shapes:
    """Two pairs of matrices."""
    up, down = (layer.outputs, options.rank), (options.rank, layer.inputs)
    return {"hada_w1_a": up, "hada_w1_b": down, "hada_w2_a": up, "hada_w2_b": down}


def checks(options: LohaOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers and rank."""
    return check_rank(options, options.rank, model)


LOHA = Technique(
    id="loha",
    label="LoHa",
    summary="Multiplies two low-rank matrices element by element, so that few numbers make a change of high rank.",
    when="When LoRA lacks capacity at the size that fits.",
    costs="Slower than LoRA and hungrier: the whole change of each layer is made in every step.",
    options=LohaOptions,
    peft_config=peft_config,
    layer_shapes=layer_shapes,
    checks=checks,
    time_factor=2.15,  # processor time against LoRA on 2 layers of 1024 at 64, 256 and 1024 tokens: 4.1, 2.7, 2.3
    time_per_pass=125,
    weight_copies=1.2,  # 2 x 256 tokens in bfloat16: starter 0.5 GB above LoRA, four layers as wide as Phi-3-mini 2.2 GB
    from_peft=renamed(rank="r", alpha="alpha", rank_dropout="rank_dropout"),
)
