"""How much memory trained weights, gradients and optimizer take when DeepSpeed's ZeRO shares them out."""

from phitune_gui.catalog.base_models.shapes import embedding_parameters, linear_layers
from phitune_gui.catalog.exports.sizes import dtype_bytes, weights_bytes
from phitune_gui.core.base_model import BaseModel

_NUMBER = 4
"""Trained weights, gradients and AdamW's two moments are float32."""


def zero_parts(stage: int, trainable: int, processes: int, everywhere: int) -> dict[str, int]:
    """Parts over `processes` of `everywhere`: moments once for all, gradients once from stage 2 on, and DeepSpeed's flat copies.

    From DeepSpeed 0.19, `DeepSpeedZeroOptimizer.__init__`: beside the weights, whose places lie in one flat buffer, each process keeps a
    copy of its own part of them, which is what its optimizer moves.
    """
    once = _NUMBER * trainable
    return {"optimizer": 3 * once * processes // everywhere, "gradients": once * processes // (1 if stage == 1 else everywhere)}


def zero3_weights(model: BaseModel, dtype: str, processes: int, everywhere: int) -> dict[str, int]:
    """Parts over `processes` of `everywhere`: their shares of the frozen weights, and what each of them borrows at once.

    From DeepSpeed 0.19: the head, which the loss uses outside of the layers, is borrowed from the beginning of a pass to its end, and a
    linear layer while it is at work.
    """
    linear = max(layer.weights for layer in linear_layers(model).values())
    borrowed = (embedding_parameters(model) + linear) * dtype_bytes(dtype)
    return {"weights": weights_bytes(model, dtype) * processes // everywhere, "borrowed": processes * borrowed}


def zero3_loading_bytes(model: BaseModel, dtype: str, processes: int, everywhere: int) -> int:
    """The weights while the last process holds the model whole; the others have let go of what is not theirs."""
    whole = weights_bytes(model, dtype)
    return whole + (processes - 1) * whole // everywhere


def saved_bytes(stage: int | None, trainable: int, processes: int) -> int:
    """Bytes over all processes that ddp would need more; 0 when it would not."""
    shared = sum(zero_parts(stage or 1, trainable, processes, processes).values())
    return max(0, 3 * _NUMBER * trainable * processes - shared)
