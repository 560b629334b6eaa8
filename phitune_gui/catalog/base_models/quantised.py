"""Phi-3 models whose weights were quantised before: recognised and refused, because an adapter must be merged into full weights."""

from phitune_gui.catalog.base_models import phi3
from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.core.base_model import BaseModel


def judge(config: ModelConfig) -> BaseModel | None:
    """The verdict on a phi3 config with a quantisation section; None for every other model."""
    model = phi3.judge(config) if config.quantization_config else None
    if model is None:
        return None
    method = str((config.quantization_config or {}).get("quant_method", "an unnamed method"))[:40]
    return model.model_copy(
        update={
            "usable": False,
            "reason": f"The weights of this model are already quantised ({method}); what is learned could not be merged into them.",
            "how_to_fix": "Choose the original folder of this model, in float32, bfloat16 or float16.",
        }
    )
