"""Olive example: the LoRA pass of the cookbook's Olive and ONNX Runtime example."""

from phitune_gui.catalog.presets.preset import Preset, Proposal, Situation
from phitune_gui.catalog.presets.settings import Settings, edits


def propose(situation: Situation) -> tuple[Proposal, ...]:
    """150 steps, whatever the number of rows."""
    settings = Settings(
        technique="lora", options={"rank": 64, "alpha": 64, "dropout": 0.1, "target_modules": ("o_proj", "qkv_proj")}, learning_rate=1e-4,
        schedule="constant", warmup=0.03, micro_batch_size=1, accumulation=4, steps=150, max_length=1024, max_grad_norm=0.3,
        held_out=30, seed=0,
    )  # fmt: skip
    why = "The figures of the Olive example: 150 steps of four rows with LoRA at rank 64 on the attention layers, 30 % held out."
    return (Proposal(edits(settings, situation), why),)


OLIVE_EXAMPLE = Preset(
    id="olive",
    label="Olive example",
    summary="LoRA at rank 64 on the attention layers for 150 steps, as before an export to ONNX.",
    source="FineTuning_MicrosoftOlive.md and olive-ort-example of the Phi-3 cookbook; schedule and warm-up are Olive's defaults.",
    propose=propose,
)
