"""VeRA: two random matrices shared by all layers stay frozen; each layer learns two small vectors."""

from typing import Any

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer, linear_layers
from phitune_gui.catalog.techniques.option_fields import DROPOUT
from phitune_gui.catalog.techniques.target_modules import Shapes, TargetedOptions, check_targets, on_layers
from phitune_gui.catalog.techniques.technique import Technique, renamed
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class VeraOptions(TargetedOptions):
    """What can be set about VeRA."""

    rank: int = Field(256, ge=1, le=4096, title="Rank", description="Width of the shared random matrices; much higher than LoRA's.")
    dropout: float = DROPOUT
    seed: int = Field(
        0, ge=0, le=2**31 - 1, title="Seed of the matrices", description="The shared random matrices follow from it.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip

    @property
    def dropped_inputs(self) -> float:
        """What `dropout` says."""
        return self.dropout


def peft_config(options: VeraOptions) -> dict[str, Any]:
    """VeRA (Kopiczko et al. 2023, arXiv 2310.11454) in PEFT's words; the matrices are saved, because their seed is not portable."""
    return on_layers("VERA", options, r=options.rank, vera_dropout=options.dropout, projection_prng_key=options.seed, save_projection=True)


def layer_shapes(options: VeraOptions, _name: str, layer: Layer) -> Shapes:
    """A vector as long as the rank and one as long as the outputs."""
    return {"vera_lambda_b": (layer.outputs,), "vera_lambda_d": (options.rank,)}


def shared_shapes(options: VeraOptions, model: BaseModel) -> Shapes:
    """Two matrices for the widest of the layers; the others use a part of them."""
    layers = [layer for name, layer in linear_layers(model).items() if name in options.target_modules]
    inputs, outputs = max(layer.inputs for layer in layers), max(layer.outputs for layer in layers)
    return {"base_model.vera_A": (options.rank, inputs), "base_model.vera_B": (outputs, options.rank)}


def checks(options: VeraOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers only: a rank above the layers' width is usual here."""
    return check_targets(options, model)


VERA = Technique(
    id="vera",
    label="VeRA",
    summary="Shares two frozen random matrices among all layers and learns two vectors per layer: ten times fewer numbers than LoRA.",
    when="When the adapter must be tiny and the task is close to what the model knows. Wants a high learning rate.",
    costs="Little optimizer memory, but the shared matrices are wide: a step is slower than LoRA's.",
    options=VeraOptions,
    peft_config=peft_config,
    layer_shapes=layer_shapes,
    shared_shapes=shared_shapes,
    checks=checks,
    usual_learning_rates=(2e-3, 2e-2),  # 4e-3 for instructions in Kopiczko et al. 2024, arXiv 2310.11454
    time_factor=1.27,  # processor time against LoRA on 2 layers of 1024 at 64, 256 and 1024 tokens: 1.3, 1.2, 1.3
    from_peft=renamed(rank="r", dropout="vera_dropout", seed="projection_prng_key"),
)
