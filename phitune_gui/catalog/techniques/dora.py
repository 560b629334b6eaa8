"""DoRA: LoRA that learns direction and length of each weight column apart."""

from typing import Any

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques import lora
from phitune_gui.catalog.techniques.lora import LoraOptions, two_matrices
from phitune_gui.catalog.techniques.target_modules import Shapes
from phitune_gui.catalog.techniques.technique import Technique


def peft_config(options: LoraOptions) -> dict[str, Any]:
    """LoRA's words with a magnitude vector (Liu et al. 2024, arXiv 2402.09353)."""
    return {**lora.peft_config(options), "use_dora": True}


def layer_shapes(options: LoraOptions, name: str, layer: Layer) -> Shapes:
    """LoRA's matrices and one length for each output."""
    return {**two_matrices(options, name, layer), "lora_magnitude_vector": (layer.outputs,)}


DORA = Technique(
    id="dora",
    label="DoRA",
    summary="LoRA that also learns how long each weight column is. Often a little better at low ranks.",
    when="When LoRA is almost good enough and time matters less.",
    costs="A little more memory than LoRA, and markedly slower: each step computes the length of every adapted weight anew.",
    options=LoraOptions,
    peft_config=peft_config,
    layer_shapes=layer_shapes,
    checks=lora.checks,
    in_four_bits="qdora",
    keeps_outputs=True,
    weight_copies=0.86,  # counted from what torch saves: 3.44 bytes for each weight of layers of 576, 3.40 of 1536
    time_factor=1.16,  # against LoRA on 2 layers of 1024: 2.4 times the processor time at 64 tokens, 1.5 at 256, 1.24 at 1024
    time_per_pass=100,
    from_peft=lora.from_peft,
)
