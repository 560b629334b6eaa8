"""What a technique is: its options, what they become for PEFT, what they cost, and what the result can be used for."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from phitune_gui.catalog.base_models.shapes import Layer, linear_layers
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.catalog.techniques.target_modules import Shapes, TargetedOptions, adapted_blocks
from phitune_gui.catalog.techniques.virtual_tokens import VirtualTokensOptions
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem
from phitune_gui.core.value import Value

Options = TypeVar("Options", bound=Value)


def _none(_options: Value) -> None:
    return None


def _nothing(_options: Value, _steps: int) -> dict[str, Any]:
    return {}


def _no_start(_options: Value) -> int:
    return 0


def _nothing_wrong(_options: Value, _model: BaseModel | None) -> tuple[Problem, ...]:
    return ()


def _own_targets(options: Value) -> tuple[str, ...]:
    return options.target_modules if isinstance(options, TargetedOptions) else ()


def _own_tokens(options: Value) -> int:
    return options.virtual_tokens if isinstance(options, VirtualTokensOptions) else 0


def _no_layer_shapes(_options: Value, _name: str, _layer: Layer) -> Shapes:
    return {}


def _no_shared_shapes(_options: Value, _model: BaseModel) -> Shapes:
    return {}


def _no_text(_options: Value) -> str:
    return ""


def _one(_options: Value, _parameter: str) -> float:
    return 1.0


def renamed(**words: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A `from_peft` for options that stand in the config under another name, as option=word, beside where the adapters are."""
    words = {"target_modules": "target_modules", "model_blocks": "layers_to_transform", **words}
    return lambda config: {option: config.get(word) for option, word in words.items()}


@dataclass(frozen=True, slots=True)
class Technique(Generic[Options]):
    """One way to train weights. Every function takes validated options; nothing here imports torch.

    What most techniques do is the default, so a declaration says what is its own.

    `summary`, `when` and `costs` are sentences for people: what it does, when to choose it, its memory and speed beside LoRA.
    `peft_config` gives what `peft.get_peft_config` takes, or None when no adapter is trained.
    `layer_shapes` names what a layer of this name gets to train, as it is kept in the adapter's file, with its shape; `shared_shapes` what
    the file holds beside that and is not trained. `count` says how many numbers are trained where no single layer gets any.
    `checks` says what validation of single options cannot: it gets the model, or None while none is chosen.
    `target_modules` names the layers that must be found and wrapped, or nothing must train; unless stated they are the option's.
    `learning_rate_factor` says how many times the run's learning rate the parameter of this name learns at; at least 1 for one of them.
    `quantisation` is how the frozen weights are kept while training; merging and exporting always start from the unquantised ones.
    `schedule` gives words of the PEFT config that depend on the number of steps; only a running job knows them.
    `starts_inside_model` says that the adapter starts as a part of the model's weights, which is taken out of them while training;
    with `quantisation` it is what quantising takes out.
    `extra_numbers` are kept for each trained parameter beside the optimizer's two, in memory and in checkpoints.
    `in_four_bits` is the id of the technique that trains the same adapter, with the same options, beside frozen weights in 4 bits.
    `why_no_merge` says why the result cannot be folded in, where it cannot; such a result is exported as an adapter alone.
    `virtual_tokens` is how many learned tokens stand before every conversation, the option's unless stated; `start_text` what they begin
    as, if a text.
    `can_checkpoint` is false where activations cannot be computed twice.
    `starts_from_rows` says that the adapter's start is computed from the run's own rows.
    `time_factor` is what a token costs beside LoRA, `time_per_pass` how many more tokens of LoRA each pass through the layers is worth,
    `start_tokens` how many tokens' forward pass the start is worth; all were measured in processor seconds.
    `activation_factor`, `keeps_outputs` (what layers gave, for the backward pass) and `weight_copies` (float32 copies of all linear
    weights, kept for the backward pass) say how its memory while it computes differs from LoRA's; measured as resident peaks.
    `from_peft` gives the options that the words of such a config stand for; None where its adapters cannot be told from another's.
    `usual_learning_rates` is stated where the usual default would do harm or nothing; beyond twice or half its ends it is advised against.
    """

    id: str
    label: str
    summary: str
    when: str
    costs: str
    options: type[Options]
    peft_config: Callable[[Options], dict[str, Any] | None]
    layer_shapes: Callable[[Options, str, Layer], Shapes] = _no_layer_shapes
    shared_shapes: Callable[[Options, BaseModel], Shapes] = _no_shared_shapes
    count: Callable[[Options, BaseModel], int] | None = None
    checks: Callable[[Options, BaseModel | None], tuple[Problem, ...]] = _nothing_wrong
    target_modules: Callable[[Options], tuple[str, ...]] = _own_targets
    usual_learning_rates: tuple[float, float] | None = None
    learning_rate_factor: Callable[[Options, str], float] = _one
    starts_inside_model: bool = False
    extra_numbers: int = 0
    in_four_bits: str = ""
    time_factor: float = 1.0
    time_per_pass: int = 0
    start_tokens: Callable[[Options], int] = _no_start
    activation_factor: float = 1.0
    keeps_outputs: bool = False
    weight_copies: float = 0.0
    quantisation: Callable[[Options], Quantisation | None] = _none
    schedule: Callable[[Options, int], dict[str, Any]] = _nothing
    why_no_merge: str = ""
    virtual_tokens: Callable[[Options], int] = _own_tokens
    start_text: Callable[[Options], str] = _no_text
    can_checkpoint: bool = True
    starts_from_rows: bool = False
    from_peft: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None

    def trains_model(self, options: Options) -> bool:
        """Whether the model's own weights are trained, in float32, instead of an adapter."""
        return self.peft_config(options) is None

    def adapter_parameters(self, options: Options, model: BaseModel) -> int:
        """The exact count of trained parameters on a model, by its sizes alone; unknown names of layers count nothing."""
        if self.count is not None:
            return self.count(options, model)
        layers, named = linear_layers(model), set(self.target_modules(options))
        shapes = (shape for name in named & layers.keys() for shape in self.layer_shapes(options, name, layers[name]).values())
        return len(adapted_blocks(options, model)) * sum(math.prod(shape) for shape in shapes)

    @property
    def can_merge(self) -> bool:
        """Whether the result can be folded into the model."""
        return not self.why_no_merge

    @property
    def can_export(self) -> bool:
        """Whether the result can become an ONNX model, each of which is made from a merge."""
        return self.can_merge
