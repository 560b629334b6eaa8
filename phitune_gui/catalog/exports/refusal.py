"""Which techniques' results a target cannot be made of, and what to do instead."""

from phitune_gui.catalog.exports import AUTOMATIC_ID, export_target
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.problem import Problem


def export_refusal(technique_id: str, target: str) -> Problem | None:
    """A Problem where the target needs the adapter folded into the model and this technique's cannot be."""
    trained = next((known for known in TECHNIQUES if known.id == technique_id), None)
    if trained is None or trained.can_merge:
        return None
    if target != AUTOMATIC_ID and export_target(target).kind == "adapter":
        return None
    what = f"A result of {trained.label} cannot be made into a model of its own. {trained.why_no_merge}"
    fix = "Export the adapter (target adapter) and load it with PEFT, or train with LoRA, whose result can be merged and exported to ONNX."
    return Problem(where="target", what=what, how_to_fix=fix)
