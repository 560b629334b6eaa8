"""How much memory the weights take when several processes split the layers of one model."""

from phitune_gui.catalog.base_models.shapes import linear_parameters
from phitune_gui.catalog.exports.sizes import dtype_bytes, weights_bytes
from phitune_gui.core.base_model import BaseModel

_AT_WORK = 2
"""Layers' worth of bytes that a process borrows at once: one layer whole, and a buffer in which it arrives or the next one waits.

From torch 2.13, `FSDPParamGroup.wait_for_unshard`, which frees the buffer after the copy, and `_prefetch_unshard`.
"""


def layers_bytes(model: BaseModel, dtype: str) -> int:
    """All decoder layers once: the linear ones and two norms in each."""
    return (linear_parameters(model) + 2 * model.layers * model.hidden) * dtype_bytes(dtype)


def split_weights(model: BaseModel, dtype: str, processes: int, everywhere: int) -> dict[str, int]:
    """Parts over this machine's `processes` of the `everywhere` that split the layers: their shares, what is outside of layers in each
    process, and what each borrows while it computes.
    """
    layers = layers_bytes(model, dtype)
    outside = weights_bytes(model, dtype) - layers
    return {"weights": layers * processes // everywhere + processes * outside, "borrowed": processes * _AT_WORK * layers // model.layers}


def loading_bytes(model: BaseModel, dtype: str, processes: int, everywhere: int) -> int:
    """The weights while the last process holds the model whole; the others have let go of what is not theirs."""
    layers = layers_bytes(model, dtype)
    outside = weights_bytes(model, dtype) - layers
    return layers + (processes - 1) * layers // everywhere + processes * outside
