"""Which layers get an adapter: the four fused layers of Phi-3 by their own names, in all blocks or some; and what to say about others."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from phitune_gui.catalog.base_models.shapes import FUSED_LAYERS, linear_layers
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.listing import listed
from phitune_gui.core.problem import Problem, Severity
from phitune_gui.core.value import Value, Written

_FUSED_IN = {
    "q_proj": "qkv_proj", "k_proj": "qkv_proj", "v_proj": "qkv_proj", "gate_proj": "gate_up_proj", "up_proj": "gate_up_proj",
}  # fmt: skip
"""Names from recipes for other models, and the Phi-3 layer that holds the same weights."""


Shapes = dict[str, tuple[int, ...]]
"""Names of tensors and their sizes."""
_MOST_BLOCKS = 1000
_MOST_NAMES = 8


def names_from_text(value: Any) -> Any:
    """A list typed as `qkv_proj, o_proj` becomes a list of names; everything else stays as it is."""
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.strip("[]() ").split(",") if name.strip())


def numbers_from_text(value: Any) -> Any:
    """A list typed as `0, 2, 16-31` becomes its numbers; ranges may also stand in a list, and everything else stays as it is."""
    value = value.strip("[]() ").split(",") if isinstance(value, str) else value
    return tuple(_numbers(value)) if isinstance(value, list | tuple) else value


def _numbers(parts: list[Any] | tuple[Any, ...]) -> Iterator[Any]:
    for part in parts:
        first, _, last = part.partition("-") if isinstance(part, str) else ("", "", "")
        if first.strip().isdecimal() and last.strip().isdecimal() and int(first) <= int(last):
            # No model has so many blocks: then the ends alone stay, for the check to name.
            yield from range(int(first), int(last) + 1) if int(last) < _MOST_BLOCKS else (int(first), int(last))
        elif part != "":
            yield part


class TargetedOptions(Written):
    """The options that every technique with adapters on single layers has."""

    target_modules: Annotated[tuple[str, ...], BeforeValidator(names_from_text)] = Field(
        FUSED_LAYERS, title="Target layers", description="Layers that get an adapter. All four learn best.",
        json_schema_extra={"advanced": True, "choices": list(FUSED_LAYERS)},
    )  # fmt: skip

    model_blocks: Annotated[tuple[int, ...], BeforeValidator(numbers_from_text)] = Field(
        (), title="Model blocks",
        description="Blocks of the model whose layers get an adapter, counted from 0, such as 16-31; empty means all.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip

    @property
    def dropped_inputs(self) -> float:
        """Share of each adapted layer's inputs that is dropped while training."""
        return 0.0


def on_layers(kind: str, options: TargetedOptions, **words: Any) -> dict[str, Any]:
    """A PEFT config of this kind for the layers that the options choose."""
    blocks = {"layers_to_transform": list(options.model_blocks)} if options.model_blocks else {}
    return {"peft_type": kind, "task_type": "CAUSAL_LM", "target_modules": list(options.target_modules), **blocks, **words}


def adapted_blocks(options: Value, model: BaseModel) -> tuple[int, ...]:
    """The numbers of the model's blocks whose layers get an adapter; all of them where none is named."""
    named = options.model_blocks if isinstance(options, TargetedOptions) else ()
    return tuple(number for number in range(model.layers) if number in named) if named else tuple(range(model.layers))


def learning_layers(options: Value, model: BaseModel) -> int:
    """How many blocks a gradient passes on its way down: from the last one to the first with an adapter."""
    return model.layers - min(adapted_blocks(options, model), default=0)


def check_rank(options: TargetedOptions, rank: int, model: BaseModel | None, severity: Severity = "advice") -> tuple[Problem, ...]:
    """Targets that are not there, and a rank that is no smaller than the layers themselves, which is useless and, for some, impossible."""
    found = check_targets(options, model)
    if found or model is None or not model.hidden:
        return found
    layers = linear_layers(model)
    narrowest = min(min(layers[name]) for name in options.target_modules)
    if rank < narrowest:
        return ()
    what = f"Rank {rank} is no smaller than the model's layers ({narrowest} wide), so the adapter saves nothing."
    return (Problem(severity=severity, where="technique.rank", what=what, how_to_fix=f"Choose a rank well below {narrowest}."),)


def check_targets(options: TargetedOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Layers or blocks that the model does not have, and such that are named twice."""
    return check_names(options.target_modules) or _check_blocks(options.model_blocks, model)


def _check_blocks(blocks: tuple[int, ...], model: BaseModel | None) -> tuple[Problem, ...]:
    where = "technique.model_blocks"
    if len(set(blocks)) < len(blocks):
        return (Problem(where=where, what="A block of the model is named twice.", how_to_fix="Name each block once."),)
    if model is None or not model.layers:
        return ()
    beyond = [number for number in blocks if not 0 <= number < model.layers]
    if not beyond:
        return ()
    what = f"{model.name} has no {_named_blocks(sorted(beyond))}; its {model.layers} blocks are counted from 0."
    return (Problem(where=where, what=what, how_to_fix=f"Set {where} to numbers up to {model.layers - 1}, or leave it empty for all."),)


def _named_blocks(numbers: list[int]) -> str:
    """`block 40`, `blocks 32 to 64`, or `blocks 30, 40, 50 and 4 more`."""
    first, last = numbers[0], numbers[-1]
    if first == last:
        return f"block {first}"
    if numbers == list(range(first, last + 1)):
        return f"blocks {first} to {last}"
    return f"blocks {listed([str(number) for number in numbers], 3)}"


def check_names(names: tuple[str, ...]) -> tuple[Problem, ...]:
    """A Problem for no name at all, for names that Phi-3 has no layer for, and for names given twice."""
    where, known = "technique.target_modules", ", ".join(FUSED_LAYERS)
    if not names:
        return (Problem(where=where, what="No target layer is chosen, so nothing would be trained.",
                        how_to_fix=f"Choose at least one of {known}."),)  # fmt: skip
    unknown = [name for name in names if name not in FUSED_LAYERS]
    if unknown:
        what = f"Phi-3 has no layer named {listed(unknown, _MOST_NAMES)}; its linear layers are {known}."
        return (Problem(where=where, what=what, how_to_fix=_instead(unknown)),)
    if len(set(names)) < len(names):
        return (Problem(where=where, what="A target layer is named twice.", how_to_fix="Name each layer once."),)
    return ()


def _instead(unknown: list[str]) -> str:
    fused = list(dict.fromkeys(_FUSED_IN[name] for name in unknown if name in _FUSED_IN))
    if not fused:
        return f"Choose among {', '.join(FUSED_LAYERS)}."
    return f"Use {' and '.join(fused)}, where Phi-3 keeps these weights fused."
