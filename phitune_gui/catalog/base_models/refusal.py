"""The verdict on a model that PhiTune recognises and does not tune."""

from phitune_gui.core.base_model import BaseModel

USE_INSTEAD = "Choose Phi-3-mini, Phi-3.5-mini, Phi-3-medium, Phi-4-mini or Phi-4 instead."


def refuse(name: str, model_type: str, reason: str, how_to_fix: str = USE_INSTEAD) -> BaseModel:
    """A model that is shown with its name and the reason why it cannot be tuned."""
    return BaseModel(
        path="", name=name, family=name, model_type=model_type, usable=False, reason=reason, how_to_fix=how_to_fix
    )  # fmt: skip
