"""Azure ML sample: what Azure's chat-completion pipeline sets for this model."""

from phitune_gui.catalog.presets.preset import Preset, Proposal, Situation
from phitune_gui.catalog.presets.settings import Settings, edits, offered

_ADAPTER = {"rank": 8, "alpha": 128, "dropout": 0.0}
_CONTEXT = 4096


def propose(situation: Situation) -> tuple[Proposal, ...]:
    """The model's tag in Azure's registry: mini trains an adapter, medium all weights."""
    medium = situation.model is not None and situation.model.family == "Phi-3-medium"
    chosen = offered("full", "lora") if medium else "lora"
    model = situation.model
    settings = Settings(
        technique=chosen, options=_ADAPTER if chosen == "lora" else {}, learning_rate=5e-6, schedule="cosine", warmup=0.0,
        micro_batch_size=4 if medium else 1, accumulation=4 if medium else 1, epochs=1, gradient_checkpointing=True, seed=42,
        max_length=model.original_context if model and model.original_context else _CONTEXT,
    )  # fmt: skip
    why = (
        "What Azure's registry sets for this model, but for half precision, ZeRO and test rows. So careful a rate moves little on few rows."
    )
    if medium and chosen == "lora":
        why += " Azure trains all weights of Phi-3-medium; this PhiTune does not, so it is LoRA."
    return (Proposal(edits(settings, situation), why),)


AZURE_ML_SAMPLE = Preset(
    id="azure-ml",
    label="Azure ML sample",
    summary="LoRA at rank 8 with a high alpha, one row at a time, for one pass.",
    source="Model tags and chat_completion_pipeline 0.0.82 in Azure/azureml-assets at 4b41f8c; Azure/azureml-examples at 085cd6e.",
    propose=propose,
)
