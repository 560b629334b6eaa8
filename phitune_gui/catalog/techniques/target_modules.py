"""Which layers get an adapter: the four fused layers of Phi-3 by their own names, and what to say about any other name."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from phitune_gui.catalog.base_models.shapes import FUSED_LAYERS, Layer, linear_layers
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem, Severity
from phitune_gui.core.value import Value

_FUSED_IN = {
    "q_proj": "qkv_proj", "k_proj": "qkv_proj", "v_proj": "qkv_proj", "gate_proj": "gate_up_proj", "up_proj": "gate_up_proj",
}  # fmt: skip
"""Names from recipes for other models, and the Phi-3 layer that holds the same weights."""


def names_from_text(value: Any) -> Any:
    """A list typed as `qkv_proj, o_proj` becomes a list of names; everything else stays as it is."""
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.strip("[]() ").split(",") if name.strip())


class TargetedOptions(Value):
    """The option that every technique with adapters on single layers has."""

    target_modules: Annotated[tuple[str, ...], BeforeValidator(names_from_text)] = Field(
        FUSED_LAYERS, title="Target layers", description="Layers that get an adapter. All four learn best.",
        json_schema_extra={"advanced": True, "choices": list(FUSED_LAYERS)},
    )  # fmt: skip


def over_targets(options: TargetedOptions, model: BaseModel, count: Callable[[Layer], int]) -> int:
    """The sum of `count` over every adapted layer of every block; unknown names count nothing."""
    layers = linear_layers(model)
    return model.layers * sum(count(layers[name]) for name in set(options.target_modules) if name in layers)


def check_rank(options: TargetedOptions, rank: int, model: BaseModel | None, severity: Severity = "advice") -> tuple[Problem, ...]:
    """Unknown layer names, and a rank that is no smaller than the layers themselves, which is useless and, for some, impossible."""
    found = check_names(options.target_modules)
    if found or model is None or not model.hidden:
        return found
    layers = linear_layers(model)
    narrowest = min(min(layers[name]) for name in options.target_modules)
    if rank < narrowest:
        return ()
    what = f"Rank {rank} is no smaller than the model's layers ({narrowest} wide), so the adapter saves nothing."
    return (Problem(severity=severity, where="technique.rank", what=what, how_to_fix=f"Choose a rank well below {narrowest}."),)


def check_names(names: tuple[str, ...]) -> tuple[Problem, ...]:
    """A Problem for no name at all, for names that Phi-3 has no layer for, and for names given twice."""
    where, known = "technique.target_modules", ", ".join(FUSED_LAYERS)
    if not names:
        return (Problem(where=where, what="No target layer is chosen, so nothing would be trained.",
                        how_to_fix=f"Choose at least one of {known}."),)  # fmt: skip
    unknown = [name for name in names if name not in FUSED_LAYERS]
    if unknown:
        what = f"Phi-3 has no layer named {', '.join(unknown)}; its linear layers are {known}."
        return (Problem(where=where, what=what, how_to_fix=_instead(unknown)),)
    if len(set(names)) < len(names):
        return (Problem(where=where, what="A target layer is named twice.", how_to_fix="Name each layer once."),)
    return ()


def _instead(unknown: list[str]) -> str:
    fused = list(dict.fromkeys(_FUSED_IN[name] for name in unknown if name in _FUSED_IN))
    if not fused:
        return f"Choose among {', '.join(FUSED_LAYERS)}."
    return f"Use {' and '.join(fused)}, where Phi-3 keeps these weights fused."
