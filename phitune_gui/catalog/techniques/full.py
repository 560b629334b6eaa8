"""Full fine-tuning: train every weight of the model itself."""

from phitune_gui.catalog.base_models.shapes import count_parameters
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.core.value import Written


class FullOptions(Written):
    """There is nothing to set: everything is trained."""


FULL = Technique(
    id="full",
    label="Full fine-tuning",
    summary="Trains every weight of the model and keeps a whole model. Learns most and forgets most.",
    when="With many thousands of rows, or for a new language or domain, and with memory to spare. Wants a low learning rate: 1e-5 to 5e-5.",
    costs="Weights, gradients and optimizer in float32: 16 bytes per parameter, 61 GB for Phi-3-mini. Every checkpoint is 12 of them.",
    options=FullOptions,
    peft_config=lambda _options: None,
    count=lambda _options, model: count_parameters(model),
    activation_factor=0.66,
    usual_learning_rates=(1e-5, 5e-5),
)
