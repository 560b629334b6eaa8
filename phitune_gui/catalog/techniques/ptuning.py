"""P-tuning: virtual tokens that a small network makes while training, so that they learn together."""

from typing import Any, Literal

from pydantic import Field

from phitune_gui.catalog.base_models.shapes import Layer
from phitune_gui.catalog.techniques import virtual_tokens
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.catalog.techniques.virtual_tokens import WHY_NO_MERGE, VirtualTokensOptions, before_all, linear
from phitune_gui.core.base_model import BaseModel

_GATES = 4
_BIASES = 2
"""An LSTM layer of torch has four gates and two biases for each."""


class PTuningOptions(VirtualTokensOptions):
    """What can be set about P-tuning."""

    encoder: Literal["mlp", "lstm"] = Field(
        "mlp", title="Encoder", description="The network that makes the tokens: mlp treats each alone, lstm reads them in order.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    encoder_size: int = Field(128, ge=1, le=4096, title="Encoder width", description="Width of the encoder's hidden layers.")
    lstm_layers: int = Field(
        2, ge=1, le=8, title="LSTM layers", description="Layers of the lstm encoder; the mlp encoder always has three.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: PTuningOptions) -> dict[str, Any]:
    """P-tuning (Liu et al. 2021, arXiv 2103.10385) in PEFT's words."""
    layers = options.lstm_layers if options.encoder == "lstm" else 2
    return before_all(
        "P_TUNING", options, encoder_reparameterization_type=options.encoder.upper(), encoder_hidden_size=options.encoder_size,
        encoder_num_layers=layers,
    )  # fmt: skip


def count(options: PTuningOptions, model: BaseModel) -> int:
    """One embedding per virtual token, and the encoder, which is left out of what is kept."""
    made = _lstm if options.encoder == "lstm" else _mlp
    return options.virtual_tokens * model.hidden + made(options, model.hidden)


def _mlp(options: PTuningOptions, hidden: int) -> int:
    size = options.encoder_size
    return linear(Layer(hidden, size)) + linear(Layer(size, size)) + linear(Layer(size, hidden))


def _lstm(options: PTuningOptions, hidden: int) -> int:
    """Every layer reads in both directions; the later ones read both directions of the one before."""
    size = options.encoder_size
    inputs = (hidden, *(2 * size for _ in range(options.lstm_layers - 1)))
    layers = sum(2 * _GATES * size * (each + size + _BIASES) for each in inputs)
    return layers + linear(Layer(2 * size, 2 * size)) + linear(Layer(2 * size, hidden))


PTUNING = Technique(
    id="ptuning",
    label="P-tuning",
    summary="Prompt tuning whose tokens come from a small network while training, which learns faster; only the tokens are kept.",
    when="Where prompt tuning learns too slowly.",
    costs="As prompt tuning, and a small network beside it while training. Needs PEFT to answer.",
    options=PTuningOptions,
    peft_config=peft_config,
    count=count,
    checks=virtual_tokens.checks,
    why_no_merge=WHY_NO_MERGE,
)
