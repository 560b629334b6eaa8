"""Phi-3-small: recognised and refused, because it runs only with Python code from its own folder."""

from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.catalog.base_models.refusal import refuse
from phitune_gui.core.base_model import BaseModel


def judge(config: ModelConfig) -> BaseModel | None:
    """The verdict on a phi3small config; None for every other model type."""
    if config.model_type != "phi3small":
        return None
    return refuse(
        "Phi-3-small", "phi3small",
        "Phi-3-small (model_type phi3small) runs only with Python code from its own folder and a GPU, and PhiTune never runs code"
        " that comes with a model.",
    )  # fmt: skip
