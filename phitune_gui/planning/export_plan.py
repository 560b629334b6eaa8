"""What an export will need, said before it starts."""

from phitune_gui.catalog.exports import AUTOMATIC, AUTOMATIC_ID, EXPORTS, export_target
from phitune_gui.catalog.exports.refusal import export_refusal
from phitune_gui.catalog.exports.sizes import weights_bytes
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.machine_report import ONNX
from phitune_gui.core.problem import Problem
from phitune_gui.core.run import Run


def export_problems(run: Run, technique: str, model: BaseModel, target: str, hardware: Hardware) -> tuple[Problem, ...]:
    """Why this export cannot start, or may not end well; empty when nothing speaks against it. Never raises."""
    known = [AUTOMATIC_ID, *(export.id for export in EXPORTS)]
    if target not in known:
        what = f"PhiTune does not know the export target {target}."
        return (Problem(where="--to", what=what, how_to_fix=f"Choose one of {', '.join(known)}."),)
    checks = (
        _unfinished(run), export_refusal(technique, target), _unusable(model), _no_runtime(target, hardware),
        _too_little_disk(model, target, hardware), _too_little_memory(model, target, hardware),
    )  # fmt: skip
    return tuple(problem for problem in checks if problem is not None)


def export_disk_bytes(model: BaseModel, target: str) -> int:
    """Free disk that the export needs while it is made: the finished folder and, for ONNX, the float32 merge beside it."""
    if target == AUTOMATIC_ID:
        return max(export_disk_bytes(model, each) for each in AUTOMATIC)
    chosen = export_target(target)
    merge = weights_bytes(model, "float32") if chosen.kind == "onnx" else 0
    return chosen.bytes_estimate(model) + merge


def export_memory_bytes(model: BaseModel, target: str) -> int:
    """Peak memory of making the export."""
    targets = AUTOMATIC if target == AUTOMATIC_ID else (target,)
    return max(export_target(each).memory_estimate(model) for each in targets)


def _unfinished(run: Run) -> Problem | None:
    if run.state in ("finished", "stopped"):
        return None
    if run.ended:
        what = "This run ended without a saved adapter."
        return Problem(where="run", what=what, how_to_fix="Export a run that finished or was stopped and saved.")
    return Problem(where="run", what="This run is still training.", how_to_fix="Let it finish, or stop and save it first.")


def _unusable(model: BaseModel) -> Problem | None:
    if model.usable:
        return None
    return Problem(where=model.path, what=f"The run's base model cannot be used: {model.reason}", how_to_fix=model.how_to_fix)


def _no_runtime(target: str, hardware: Hardware) -> Problem | None:
    failed = hardware.failed(ONNX)
    kinds = {export_target(each).kind for each in (AUTOMATIC if target == AUTOMATIC_ID else (target,))}
    if failed is None or "onnx" not in kinds:
        return None
    what = f"The doctor could not run an ONNX model here: {failed.why.rstrip('.')}."
    fix = f"{failed.how_to_fix} Then check this machine again (phitune doctor), or export the adapter or the merged model.".lstrip()
    return Problem(where="--to", what=what, how_to_fix=fix)


def _too_little_disk(model: BaseModel, target: str, hardware: Hardware) -> Problem | None:
    needed, free = export_disk_bytes(model, target), hardware.free_disk_bytes
    if needed <= free:
        return None
    what = f"The export needs {needed / 1e9:.1f} GB of disk and {free / 1e9:.1f} GB are free."
    return Problem(where="disk", what=what, how_to_fix="Free space, or name another folder with --out.")


def _too_little_memory(model: BaseModel, target: str, hardware: Hardware) -> Problem | None:
    needed, free = export_memory_bytes(model, target), hardware.available_memory_bytes
    if needed <= free:
        return None
    what = f"The export needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are available."
    return Problem(severity="advice", where="memory", what=what, how_to_fix="Close other programs, or choose a target that needs less.")
