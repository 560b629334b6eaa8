"""AdaLoRA adapters, whose layers were left ranks of their own: a plain LoRA of the highest of these ranks computes the same."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from phitune_gui.catalog.base_models.shapes import linear_layers
from phitune_gui.catalog.techniques.saved_shapes import layer_place
from phitune_gui.catalog.techniques.target_modules import Shapes
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.adapter_folder.layers import Places

KIND = "ADALORA"
_OWN_WORDS = (
    "init_r", "target_r", "tinit", "tfinal", "deltaT", "beta1", "beta2", "orth_reg_weight", "total_step", "rank_pattern", "use_rslora",
)  # fmt: skip
"""Words of AdaLoRA alone, and one that it does not heed."""


class SettledRanks(NamedTuple):
    """The rank that every layer began with, by which what was learned is scaled, and the highest that one was left."""

    first: int
    highest: int

    @property
    def told(self) -> str:
        """What is made of it, in a sentence."""
        return f"It was made as AdaLoRA; it goes on as the plain LoRA of rank {self.highest} that computes the same."


def settled_ranks(words: Mapping[str, Any], places: Places, model: BaseModel, where: str) -> tuple[SettledRanks, Shapes]:
    """The ranks, and the tensors that such an adapter of this model holds. Raises CannotStart when the config says no such thing."""
    first, pattern = words.get("init_r"), words.get("rank_pattern") or {}
    if type(first) is not int or not 1 <= first <= 1024 or not isinstance(pattern, dict):
        raise CannotStart(where, "The config says no possible rank at first (init_r) and ranks that are left.", "Save the adapter again.")
    left = {_layer_of(name): sum(kept) if _is_mask(kept, first) else -1 for name, kept in pattern.items()}
    needed: Shapes = {}
    highest = 1
    for block in places.blocks:
        for name in places.layers:
            place, layer = layer_place(block, name), linear_layers(model)[name]
            rank = left.get(place, first)
            if rank < 0:
                raise CannotStart(
                    where, f"The ranks that {name} was left (rank_pattern) are no list of {first}.", "Save the adapter again."
                )
            needed |= {f"{place}.lora_A": (rank, layer.inputs), f"{place}.lora_B": (layer.outputs, rank), f"{place}.lora_E": (rank, 1)}
            highest = max(highest, rank)
    return SettledRanks(first, highest), needed


def plain_words(words: Mapping[str, Any], ranks: SettledRanks) -> dict[str, Any]:
    """The config of the plain LoRA."""
    return {**{name: value for name, value in words.items() if name not in _OWN_WORDS}, "peft_type": "LORA", "r": ranks.highest}


def _layer_of(name: str) -> str:
    """`model.layers.0.mlp.down_proj.lora_E` of the pattern, as the weights' file calls the layer."""
    return f"base_model.model.{name.partition('.lora_E')[0]}"


def _is_mask(kept: Any, first: int) -> bool:
    return isinstance(kept, list) and len(kept) == first and all(isinstance(each, bool) for each in kept)
