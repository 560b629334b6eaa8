"""Which layers an adapter's weights belong to, by the names in their header, and whether the model has them."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from phitune_gui.catalog.base_models.shapes import FUSED_LAYERS
from phitune_gui.catalog.techniques.target_modules import check_names
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart

_BLOCK = re.compile(r"base_model\.model\.model\.layers\.(\d{1,6})\.(?:self_attn|mlp)\.(\w+)\.")
_TABLES = ("embed_tokens", "lm_head")
_SHARED = re.compile(r"base_model\.vera_[AB]$")
"""VeRA's matrices belong to all layers."""


class Places(NamedTuple):
    """Which layers have an adapter, and in which of the model's blocks."""

    layers: tuple[str, ...]
    blocks: tuple[int, ...]


def adapted_layers(named: str | list[str] | None, tensors: Collection[str], model: BaseModel, where: str) -> Places:
    """The fused layers that have an adapter, in the same blocks all of them. Raises CannotStart, about `where`, for anything else.

    `named` are the target modules of the config; a pattern in them is never run, what it matched is seen in the tensors' names.
    """
    if isinstance(named, list):
        _require_known({name.rsplit(".", 1)[-1] for name in named}, where)
    found: dict[str, set[int]] = {}
    strange = []
    for name in tensors:
        place = _BLOCK.match(name)
        if place is not None and place[2] in FUSED_LAYERS:
            found.setdefault(place[2], set()).add(int(place[1]))
        elif not _SHARED.match(name):
            strange.append(name)
    _require_no_tables(strange, where)
    _require_all_matched(strange, len(tensors), where)
    _require_same_blocks(found, model, where)
    return Places(tuple(name for name in FUSED_LAYERS if name in found), tuple(sorted(set().union(*found.values()))))


def require_named_blocks(named: Any, targets: str | list[str] | None, places: Places, model: BaseModel, where: str) -> None:
    """CannotStart when the config names other blocks than the weights are for, or none where these are not all of the model's.

    Names and patterns of layers tell blocks apart by their numbers only.
    """
    listed = [named] if isinstance(named, int) else named if isinstance(named, list) else []
    blocks = {
        int(number) if isinstance(number, int | float) and number == number // 1 else -1 for number in listed
    }  # what is no number is no block of any model
    if not blocks and len(places.blocks) < model.layers and not re.search(r"\d", str(targets)):
        what = f"The adapter has weights for {len(places.blocks)} of the model's {model.layers} blocks only, and its config names none."
        raise CannotStart(where, what, "Choose the base model that it was trained on.")
    if blocks and blocks != set(places.blocks):
        shown = ", ".join(map(str, places.blocks[:8]))
        what = f"The config names other blocks (layers_to_transform) than the {len(places.blocks)} that have weights, such as {shown}."
        raise CannotStart(where, what, "Save the adapter again.")


def _require_known(names: Collection[str], where: str) -> None:
    if "all-linear" in names:
        return
    for problem in check_names(tuple(sorted(names))):
        what = problem.what.replace("No target layer is chosen, so nothing would be trained", "The adapter names no target layer")
        raise CannotStart(where, what, f"{problem.how_to_fix} The adapter must be trained again with these target modules.")


def _require_no_tables(strange: list[str], where: str) -> None:
    tables = sorted({table for table in _TABLES for name in strange if table in name})
    if tables:
        raise CannotStart(
            where, f"The adapter brings its own {' and '.join(tables)}: its vocabulary was changed or trained, which PhiTune does not"
                   " take over.",
            "Merge it with the library that made it and choose the merged model.",
        )  # fmt: skip


def _require_all_matched(strange: list[str], total: int, where: str) -> None:
    if strange:
        shown = ", ".join(name.removeprefix("base_model.model.")[:90] for name in sorted(strange)[:3])
        raise CannotStart(
            where, f"{len(strange)} of {total} tensors belong to no layer of this model, such as {shown}.",
            f"Phi-3 calls its layers {', '.join(FUSED_LAYERS)}; use an adapter that was trained on a model of this layout.",
        )  # fmt: skip
    if not total:
        raise CannotStart(where, "The weights of the adapter are empty.", "Save the adapter again.")


def _require_same_blocks(found: dict[str, set[int]], model: BaseModel, where: str) -> None:
    blocks = set().union(*found.values())
    beyond = max((max(places) for places in found.values()), default=-1)
    if beyond >= model.layers:
        what = f"The adapter is for a model of at least {beyond + 1} blocks; {model.name} has {model.layers}."
        raise CannotStart(where, what, "Choose the base model that it was trained on.")
    partly = [name for name, places in found.items() if places != blocks]
    if partly:
        what = (
            f"The adapter has weights for {', '.join(sorted(partly))} in fewer of the model's {model.layers} blocks than for other layers."
        )
        raise CannotStart(where, what, "Use an adapter that has the same layers in each block, or merge it with the library that made it.")
