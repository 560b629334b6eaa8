"""How each family writes an answer, chosen by the control tokens that a tokenizer really has."""

from collections.abc import Collection

from phitune_gui.core.base_model import ChatMarkers

CHAT_MARKERS: tuple[tuple[frozenset[str], ChatMarkers], ...] = (
    (frozenset({"<|assistant|>", "<|end|>"}), ChatMarkers(answer_header="<|assistant|>", answer_end="<|end|>")),
    (
        frozenset({"<|im_start|>", "<|im_sep|>", "<|im_end|>"}),
        ChatMarkers(answer_header="<|im_start|>assistant<|im_sep|>", answer_end="<|im_end|>"),
    ),
    (frozenset({"<|im_start|>", "<|im_end|>"}), ChatMarkers(answer_header="<|im_start|>assistant\n", answer_end="<|im_end|>")),
)
"""Tokens that must exist, and the markers they allow: Phi-3 to Phi-4-mini, Phi-4, ChatML. The first that fits is taken."""


def chat_markers(added_tokens: Collection[str]) -> ChatMarkers | None:
    """The markers for a tokenizer with these added tokens; None when PhiTune knows none that fit."""
    known = set(added_tokens)
    return next((markers for needed, markers in CHAT_MARKERS if needed <= known), None)
