"""The presets that PhiTune offers, in the order they are shown; adding one is one file and one name in the list."""

from phitune_gui.catalog.presets.ai_toolkit import AI_TOOLKIT
from phitune_gui.catalog.presets.azure_ml_sample import AZURE_ML_SAMPLE
from phitune_gui.catalog.presets.microsoft_sample import MICROSOFT_SAMPLE
from phitune_gui.catalog.presets.olive_example import OLIVE_EXAMPLE
from phitune_gui.catalog.presets.preset import Preset, Proposal, Situation
from phitune_gui.catalog.presets.quick_cpu_trial import QUICK_CPU_TRIAL
from phitune_gui.catalog.presets.recommended import RECOMMENDED
from phitune_gui.core.problem import CannotStart

__all__ = ["PRESETS", "Preset", "Proposal", "Situation", "preset"]

PRESETS: tuple[Preset, ...] = (RECOMMENDED, MICROSOFT_SAMPLE, AI_TOOLKIT, OLIVE_EXAMPLE, AZURE_ML_SAMPLE, QUICK_CPU_TRIAL)


def preset(id: str) -> Preset:
    """The preset of this id. Raises CannotStart with the list when there is none."""
    found = next((known for known in PRESETS if known.id == id), None)
    if found is None:
        known = ", ".join(each.id for each in PRESETS)
        raise CannotStart("--preset", f"PhiTune has no preset named {id!r}.", f"Choose one of: {known}.")
    return found
