"""How much there is to compute for one token, from a model's sizes alone; measured speeds are per this."""

from phitune_gui.catalog.base_models.shapes import embedding_parameters, linear_parameters
from phitune_gui.core.base_model import BaseModel

FORWARD = 1
BACK = 1
"""Forward passes' worth of the way back to the inputs, of the layers that a gradient passes."""
RECOMPUTES = 1
TRAINS_WEIGHTS = 1
"""The way back to the weights, on top."""
LEAST_JUDGED_TOKENS = 256
"""So many of held-out rows go through the model together at least, where a training batch is smaller."""


def operations(model: BaseModel, length: float) -> float:
    """Multiplications and additions of one forward pass for one token of a row of `length`, without the output head."""
    attention = 2 * length * model.heads * model.head_size * model.layers
    return 2 * (linear_parameters(model) + attention)


def head_operations(model: BaseModel) -> float:
    """The same for the output head, which is multiplied for learned tokens only."""
    return 2 * embedding_parameters(model)


def elements(model: BaseModel) -> float:
    """Numbers that the layers make of one token on the way and do not multiply: norms, rotations, gates, sums."""
    return model.layers * (12 * model.hidden + 4 * model.intermediate)
