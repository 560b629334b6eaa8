"""Checkpoints that are whole or not there: staged, listed with hashes, renamed into place, the oldest ones pruned by step."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from phitune_gui.core.checkpoint_name import checkpoint_name, checkpoint_step
from phitune_gui.core.names import CHECKPOINTS_FOLDER
from phitune_gui.core.problem import CannotStart
from phitune_gui.files.atomic import TRASH_PREFIX
from phitune_gui.files.manifest import verify_manifest

NOTE_FILE = "phitune-checkpoint.json"
KEEP = 2
"""Newest checkpoints kept besides the best one."""


class Note(NamedTuple):
    """What a checkpoint says about itself; a resumed run must see the same rows in the same steps."""

    step: int
    rows: int
    rows_per_step: int
    fingerprint: str
    evaluations: dict[int, float]


def checkpoint_path(step: int) -> str:
    """Where the checkpoint of `step` lies, relative to the run folder."""
    return f"{CHECKPOINTS_FOLDER}/{checkpoint_name(step)}"


def write_note(folder: Path, note: Note) -> None:
    """Write the note into a checkpoint that is being made."""
    (folder / NOTE_FILE).write_text(json.dumps(note._asdict()), encoding="utf-8")


def verified_note(checkpoint: Path) -> Note:
    """The note of a checkpoint whose every file is as it was written; CannotStart otherwise, and for a note of another version."""
    problems = verify_manifest(checkpoint)
    if problems:
        raise CannotStart(str(checkpoint), problems[0], "Resume from an older checkpoint, or start the run again.")
    try:
        fields = json.loads((checkpoint / NOTE_FILE).read_text("utf-8"))
        evaluations = {int(step): loss for step, loss in fields.pop("evaluations").items()}
        return Note(**fields, evaluations=evaluations)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"The checkpoint {checkpoint.name} was written by another version of PhiTune: what it says about itself is not understood."
        raise CannotStart(str(checkpoint), what, "Go on with the version that wrote it, or start a new run from its recipe.") from error


def require_same_rows(then: Note, now: Note) -> None:
    """CannotStart when resuming would train on other rows, or on the same rows in other steps, than the run began with."""
    if then.fingerprint != now.fingerprint or then.rows != now.rows:
        raise CannotStart(
            "data.sources",
            f"The data changed since this run began: it had {then.rows} rows, now there are {now.rows} or their content differs.",
            "Put the old files back, or start a new run.",
        )
    if then.rows_per_step != now.rows_per_step:
        raise CannotStart(
            "training.micro_batch_size",
            f"A step held {then.rows_per_step} rows when this run began and would now hold {now.rows_per_step}.",
            "Keep rows at a time multiplied by accumulation the same, or start a new run.",
        )


def prune(run: Path, evaluations: Mapping[int, float]) -> None:
    """Remove all but the newest KEEP checkpoints and the one with the lowest validation loss."""
    steps = _steps(run)
    kept = set(sorted(steps)[-KEEP:])
    judged = {step: loss for step, loss in evaluations.items() if step in steps and loss == loss}
    if judged:
        kept.add(min(judged, key=judged.__getitem__))
    for step in steps.keys() - kept:
        _remove(steps[step], step)


def remove_later(run: Path, step: int) -> None:
    """Remove the checkpoints after `step`, from which training goes on because they are damaged.

    Left there they would count as the newest ones, and `prune` would keep them instead of those that are made now.
    """
    for later, path in _steps(run).items():
        if later > step:
            _remove(path, later)


def _steps(run: Path) -> dict[int, Path]:
    return {step: path for path in (run / CHECKPOINTS_FOLDER).iterdir() if (step := checkpoint_step(path.name)) is not None}


def _remove(checkpoint: Path, step: int) -> None:
    """Renamed first, so that a half removed one is never taken for a checkpoint."""
    trash = checkpoint.with_name(f"{TRASH_PREFIX}{step}")
    checkpoint.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)
