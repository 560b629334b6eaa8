"""Phi-3-vision and Phi-3.5-vision: recognised and refused, because PhiTune tunes text and runs no code from model folders."""

from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.catalog.base_models.refusal import refuse
from phitune_gui.core.base_model import BaseModel


def judge(config: ModelConfig) -> BaseModel | None:
    """The verdict on a phi3_v config; None for every other model type."""
    if config.model_type != "phi3_v":
        return None
    return refuse(
        "Phi-3-vision", "phi3_v",
        "This is a vision model (model_type phi3_v) that runs only with Python code from its own folder; PhiTune tunes text models"
        " and never runs code that comes with a model.",
    )  # fmt: skip
