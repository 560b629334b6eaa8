"""AI Toolkit: the defaults of the form in Microsoft's AI Toolkit for Visual Studio Code."""

from phitune_gui.catalog.presets.preset import Preset, Proposal, Situation
from phitune_gui.catalog.presets.settings import Settings, edits, offered


def propose(situation: Situation) -> tuple[Proposal, ...]:
    """Its QLoRA where PhiTune offers that, else LoRA of the same shape."""
    chosen = offered("qlora", "lora")
    options = {
        "rank": 64, "alpha": 64, "dropout": 0.1, "target_modules": ("o_proj", "qkv_proj"), "weights": "nf4", "double_quantisation": True,
    }  # fmt: skip
    settings = Settings(
        technique=chosen, options=options, learning_rate=1e-4, schedule="constant", warmup=0.03, micro_batch_size=1, accumulation=4,
        epochs=3, at_most=1200, max_length=1024, gradient_checkpointing=True, held_out=30, seed=0,
        dtype="bfloat16" if situation.has_gpu else "auto",
    )  # fmt: skip
    instead = "" if chosen == "qlora" else " It uses QLoRA; this PhiTune has none, so it is LoRA of the same shape."
    return (
        Proposal(
            edits(settings, situation), f"The defaults of the AI Toolkit's form: three passes, at most 1,200 steps, 30 % held out.{instead}"
        ),
    )


AI_TOOLKIT = Preset(
    id="ai-toolkit",
    label="AI Toolkit",
    summary="QLoRA at rank 64 on the attention layers, three passes, at most 1,200 steps.",
    source="project-settings.json of microsoft/windows-ai-studio-templates at 6ac0e13; schedule and warm-up are Olive's defaults.",
    propose=propose,
)
