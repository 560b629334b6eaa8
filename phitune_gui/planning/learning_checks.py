"""Whether learning rate, number format and machine suit the technique."""

from collections.abc import Iterator

from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.machine_report import EIGHT_BIT, FOUR_BIT
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.planning.figures import Figures


def check_learning(recipe: Recipe, figures: Figures) -> Iterator[Problem]:
    """Advice about a rate far from the technique's usual ones, and about a format that trained weights cannot have."""
    chosen = next((known for known in TECHNIQUES if known.id == recipe.technique.id), None)
    if chosen is None:
        return
    rate, usual = recipe.training.learning_rate, chosen.usual_learning_rates
    if usual and not usual[0] / 2 <= rate <= 2 * usual[1]:
        low, high = map(_short, usual)
        high_harms, low_harms = "the model may forget what it knew, or the loss may jump", "a short run would learn next to nothing"
        is_high = rate > usual[1]
        yield Problem(
            severity="advice", where="training.learning_rate",
            what=f"The learning rate {_short(rate)} is {'high' if is_high else 'low'} for {chosen.label}:"
                 f" {high_harms if is_high else low_harms}.",
            how_to_fix=f"Set training.learning_rate to between {low} and {high}.",
        )  # fmt: skip
    if figures.trains_model and recipe.training.dtype == "bfloat16":
        yield Problem(
            severity="advice", where="training.dtype",
            what=f"{chosen.label} trains the model's weights themselves, which stay float32, so bfloat16 has no effect.",
            how_to_fix="Set training.dtype to auto.",
        )  # fmt: skip


def check_quantisation(figures: Figures, hardware: Hardware) -> Iterator[Problem]:
    """A problem where weights of few bits cannot be had, or the doctor's real test of them failed."""
    if figures.quantisation is None:
        return
    failed = hardware.failed(EIGHT_BIT if figures.quantisation.kind == "int8" else FOUR_BIT)
    if not hardware.has_bitsandbytes:
        yield Problem(
            where="technique.id", what="Weights of 4 or 8 bits need the library bitsandbytes, which is not installed.",
            how_to_fix="Choose LoRA or DoRA, or install PhiTune again with bitsandbytes.",
        )  # fmt: skip
    elif failed is not None:
        yield Problem(
            where="technique.id", what=f"The doctor could not train through such weights here: {failed.why.rstrip('.')}.",
            how_to_fix=f"{failed.how_to_fix} After mending it, check this machine again (phitune doctor).".lstrip(),
        )  # fmt: skip


def _short(rate: float) -> str:
    """A rate as people write it: 5e-5."""
    mantissa, _, exponent = f"{rate:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if rate < 0.01 else f"{rate:g}"
