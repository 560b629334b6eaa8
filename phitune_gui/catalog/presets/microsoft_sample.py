"""Microsoft's sample: sample_finetune.py, as it lies beside the Phi-3 weights."""

from phitune_gui.catalog.presets.preset import Preset, Proposal, Situation
from phitune_gui.catalog.presets.settings import Settings, edits


def propose(situation: Situation) -> tuple[Proposal, ...]:
    """Exactly its figures; bfloat16 only where there is a graphics processor, because many processors are slow at it."""
    settings = Settings(
        technique="lora", options={"rank": 16, "alpha": 32, "dropout": 0.05}, learning_rate=5e-6, schedule="cosine", warmup=0.2,
        micro_batch_size=4, accumulation=1, epochs=1, max_length=2048, gradient_checkpointing=True, save_steps=100, seed=0,
        dtype="bfloat16" if situation.has_gpu else "auto",
    )  # fmt: skip
    why = (
        "The figures of Microsoft's own sample. Its learning rate of 5e-6 suits training all weights; with LoRA and few rows little moves."
    )
    return (Proposal(edits(settings, situation), why),)


MICROSOFT_SAMPLE = Preset(
    id="microsoft-sample",
    label="Microsoft's sample",
    summary="LoRA at rank 16 and a very careful learning rate, for one pass.",
    source="sample_finetune.py in microsoft/Phi-3-mini-4k-instruct and -128k-instruct, revision of July 2024.",
    propose=propose,
)
