"""Scenario 8: few trained parameters."""

from phitune_gui.catalog.scenarios.scenario import Correction, Scenario

FEWER_PARAMS = Scenario(
    id="fewer_params",
    label="Train few weights",
    hint="A result of a few MB",
    title="Using fewer parameters for efficient fine-tuning",
    title_ta="திறமையான நுணுக்கமாக அமைப்புக்கு குறைந்த அளவிலான அளவுருக்களைப் பயன்படுத்துதல்",
    aim="fewer_parameters",
    says_no=(
        "LoRA",
        "DeepSpeed",
        "ZeRO",
    ),
    corrections=(Correction("LoRA", True, "Fewer parameters are what LoRA is made for: 0.66 % of Phi-3-mini at rank 16."),),
)
