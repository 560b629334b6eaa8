"""Phi-3.5-MoE: recognised and refused, because its experts are no linear layers and it has no export for the CPU."""

from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.catalog.base_models.refusal import refuse
from phitune_gui.core.base_model import BaseModel


def judge(config: ModelConfig) -> BaseModel | None:
    """The verdict on a phimoe config; None for every other model type."""
    if config.model_type != "phimoe":
        return None
    return refuse(
        "Phi-3.5-MoE", "phimoe",
        "Phi-3.5-MoE (model_type phimoe) keeps its experts in blocks that adapters do not reach, and no ONNX export of it runs on a CPU.",
    )  # fmt: skip
