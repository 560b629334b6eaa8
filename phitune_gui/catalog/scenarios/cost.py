"""Scenario 6: less computing, less money."""

from phitune_gui.catalog.scenarios.scenario import Correction, Scenario

COST = Scenario(
    id="cost",
    label="Spend less",
    hint="Least time first",
    title="Reducing computational and financial costs",
    title_ta="கணினி மற்றும் நிதி செலவுகளை குறைத்தல்",
    aim="cost",
    says_no=(
        "PEFT",
        "DORA",
    ),
    corrections=(
        Correction("PEFT", True, "LoRA is one of the PEFT methods, so where LoRA saves, PEFT does."),
        Correction("DORA", True, "DoRA trains about as much as LoRA: its matrices and one length per output."),
    ),
)
