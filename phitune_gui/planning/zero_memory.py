"""How much memory trained weights, gradients and optimizer take when DeepSpeed's ZeRO shares them out."""

_NUMBER = 4
"""Trained weights, gradients and AdamW's two moments are float32."""


def trained_bytes(trainable: int) -> int:
    """In one process that shares nothing: weights, gradients and two moments."""
    return 4 * _NUMBER * trainable


def zero_parts(stage: int, trainable: int, processes: int) -> dict[str, int]:
    """Parts over all processes: moments once, gradients once from stage 2 on, and the flat copies that DeepSpeed keeps.

    From DeepSpeed 0.19, `DeepSpeedZeroOptimizer.__init__`: beside the weights, whose places lie in one flat buffer, each process keeps a
    copy of its own part of them, which is what its optimizer moves.
    """
    once = _NUMBER * trainable
    return {"optimizer": 2 * once + once, "gradients": once * (processes if stage == 1 else 1)}


def saved_bytes(stage: int | None, trainable: int, processes: int) -> int:
    """Bytes over all processes that ddp would need more; 0 when it would not."""
    shared = sum(zero_parts(stage or 1, trainable, processes).values())
    return max(0, 3 * _NUMBER * trainable * processes - shared)
