"""LoKr: the change of a layer is the Kronecker product of a small matrix and a low-rank one."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques.loha import LohaOptions, checks, lycoris_config
from phitune_gui.catalog.techniques.target_modules import Shapes
from phitune_gui.catalog.techniques.technique import Technique, renamed


class LokrOptions(LohaOptions):
    """What can be set about LoKr."""

    factor: int = Field(
        -1, ge=-1, le=512, title="Factor", description="Size of the small matrix; -1 splits each side as evenly as it divides.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: LokrOptions) -> dict[str, Any]:
    """LoKr (Yeh et al. 2023, arXiv 2309.14859) in PEFT's words."""
    return lycoris_config("LOKR", options, decompose_factor=options.factor)


def split(side: int, factor: int) -> tuple[int, int]:
    """Two whole numbers whose product is `side`, the smaller first: `factor` itself when it divides, else the most even below it.

    The most even split is looked for among the divisors in rising order, until the sum of both numbers would grow.
    """
    if factor > 0 and side % factor == 0:
        return factor, side // factor
    most = side if factor == -1 else factor
    divisors = (number for number in range(1, side + 1) if side % number == 0)
    small = 1
    for number in divisors:
        if number > most or number + side // number > small + side // small:
            break
        small = number
        if number >= side // number:
            break
    return min(small, side // small), max(small, side // small)


def layer_shapes(options: LokrOptions, _name: str, layer: Layer) -> Shapes:
    """The small matrix whole; the large one whole, or as two matrices where the rank makes those smaller."""
    outputs, inputs = split(layer.outputs, options.factor), split(layer.inputs, options.factor)
    small, large = (outputs[0], inputs[0]), (outputs[1], inputs[1])
    if options.rank >= max(large) / 2:
        return {"lokr_w1": small, "lokr_w2": large}
    return {"lokr_w1": small, "lokr_w2_a": (large[0], options.rank), "lokr_w2_b": (options.rank, large[1])}


LOKR = Technique(
    id="lokr",
    label="LoKr",
    summary="Builds the change of each layer from a small matrix repeated over a larger one. Very few numbers.",
    when="When the adapter must be small and LoRA at a low rank is too coarse.",
    costs="Slower than LoRA: the whole change of each layer is made in every step.",
    options=LokrOptions,
    peft_config=peft_config,
    layer_shapes=layer_shapes,
    checks=checks,
    time_factor=2.15,  # processor time against LoRA on 2 layers of 1024 at 64, 256 and 1024 tokens: 2.9, 2.4, 2.2
    time_per_pass=60,
    activation_factor=0.62,
    weight_copies=1.1,  # four layers as wide as Phi-3-mini, 2 x 256 tokens in bfloat16: 2.0 GB above LoRA
    from_peft=renamed(rank="r", alpha="alpha", rank_dropout="rank_dropout", factor="decompose_factor"),
)
