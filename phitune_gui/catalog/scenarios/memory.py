"""Scenario 7: less memory."""

from phitune_gui.catalog.scenarios.scenario import Correction, Scenario

MEMORY = Scenario(
    id="memory",
    label="Use less memory",
    hint="What fits here",
    title="Reducing memory usage",
    title_ta="மெமரி பயன்பாட்டை குறைத்தல்",
    aim="memory",
    says_no=(
        "LoRA",
        "PEFT",
    ),
    corrections=(
        Correction(
            "LoRA",
            True,
            "Frozen weights need neither gradients nor optimizer state, so LoRA needs far less memory than training all weights.",
        ),
        Correction("PEFT", True, "Frozen weights need neither gradients nor optimizer state, whichever adapter is trained beside them."),
    ),
)
