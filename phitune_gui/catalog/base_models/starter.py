"""The starter model that PhiTune makes itself: SmolLM2-135M-Instruct laid out as Phi-3, known by its shapes."""

from phitune_gui.catalog.base_models import phi3
from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.core.base_model import BaseModel

NAME = "Starter (SmolLM2-135M-Instruct in Phi-3 layout)"
_SHAPES = (49152, 576, 30)


def judge(config: ModelConfig) -> BaseModel | None:
    """The verdict on the starter; None for every other model."""
    if (config.vocab_size, config.hidden_size, config.num_hidden_layers) != _SHAPES:
        return None
    model = phi3.judge(config)
    return model and model.model_copy(update={"name": NAME, "family": "Starter", "licence": "Apache-2.0"})
