"""How long writing what was trained takes, before it has been seen."""

_BYTES_PER_SECOND = 300e6
"""Flushed to the disk; 285e6 to 350e6 were seen for checkpoints and results of 176 million trained numbers."""
_CHECKPOINT_BYTES, _RESULT_BYTES = 12, 4
"""For each trained number: its float32 value and AdamW's two moments; the value alone."""


def saving_seconds(trained: int) -> float:
    """Seconds of one checkpoint with so many trained numbers."""
    return trained * _CHECKPOINT_BYTES / _BYTES_PER_SECOND


def closing_seconds(trained: int) -> float:
    """Seconds in which the result itself is written after the last step."""
    return trained * _RESULT_BYTES / _BYTES_PER_SECOND
