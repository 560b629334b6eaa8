"""Phi-4-multimodal: recognised and refused, because PhiTune tunes text models."""

from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.catalog.base_models.refusal import refuse
from phitune_gui.core.base_model import BaseModel


def judge(config: ModelConfig) -> BaseModel | None:
    """The verdict on a phi4mm or phi4_multimodal config; None for every other model type."""
    if config.model_type not in ("phi4mm", "phi4_multimodal"):
        return None
    return refuse(
        "Phi-4-multimodal", config.model_type,
        f"This is a model for text, pictures and sound (model_type {config.model_type}); PhiTune tunes text models.",
    )  # fmt: skip
