"""The side of a machine that comes to train a run which another machine began."""

import os
import time
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

from phitune_gui.core.address import Address, read_address
from phitune_gui.core.events import DatasetInspected, StageBegan, Warned
from phitune_gui.core.job import JoinJob, TrainJob, job_from_json
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.training_rows import TrainingRows, training_rows
from phitune_gui.engine.checkpoints import checkpoint_path
from phitune_gui.engine.greeting import OTHER_ROWS, greeting
from phitune_gui.engine.meeting import COPY_AGAIN, ENDED_THERE, KEY, MACHINE, PATIENCE_SECONDS, PLACE, Meeting, heard, looks
from phitune_gui.engine.reporting import Patient, Reporter

_SAY_AFTER_SECONDS = 3.0
_GOES_ON = "It is tried again for an hour. Where the first machine shows another address, stop this and copy its command."


def attend(job: JoinJob, reporter: Reporter) -> tuple[TrainJob, TrainingRows]:
    """Come to the meeting as the machine of `job`; the order to train, with this machine's own paths and rows, once it is let in."""
    place = read_address(job.address)
    if job.model:
        _require_there(Path(job.model), is_model=True)
    for path in (*job.data, *([job.validation] if job.validation else [])):
        _require_there(Path(path), is_model=False)
    reporter.emit(StageBegan(stage="waiting", detail=f"the first machine at {place}"))
    os.environ.update({PLACE: job.address, KEY: job.key, MACHINE: str(job.machine)})
    with closing(_found(place, job.key, reporter)) as meeting:
        return _introduce(meeting, job, _with_own_paths(heard(meeting, "job", gone_is=ENDED_THERE), job), reporter)


def _found(place: Address, key: str, reporter: Reporter) -> Meeting:
    """The meeting, once the first machine holds it; what is in the way meanwhile is said, and said again when it is something else."""
    began, tries, why, told = time.monotonic(), 0, "", ""
    for _left in looks(PATIENCE_SECONDS, reporter):
        meeting = Meeting.seek(place, key)
        if not isinstance(meeting, str):
            return meeting
        tries, why = tries + 1, meeting
        if why != told and time.monotonic() - began > _SAY_AFTER_SECONDS:
            told = why
            reporter.emit(Warned(message=f"No run waits at {place} yet: {why}. {_GOES_ON}"))
    raise CannotStart("ADDRESS", f"No run waited at {place} within an hour: {tries:,} tries, {why} at the last.", COPY_AGAIN)


def _introduce(meeting: Meeting, job: JoinJob, order: TrainJob, reporter: Reporter) -> tuple[TrainJob, TrainingRows]:
    """Say what this machine has and wait for the answer. Raises CannotStart when it was turned away."""
    launcher = order.recipe.launcher
    cores = os.cpu_count() or 1
    if launcher.processes > cores:
        what = f"The run wants {launcher.processes} processes on each machine, and this one has {cores} cores."
        raise CannotStart("launcher.processes", what, "Lower launcher.processes on the first machine.")
    reporter.emit(Warned(message=f"This machine trains with the model in {order.base_model.path} and the data in {_files(order)}."))
    if not 2 <= job.machine <= launcher.nodes:
        raise CannotStart(
            "--machine", f"This run has machines 1 to {launcher.nodes}; there is no place for {job.machine}.", "Copy the command again."
        )
    name, own = f"here-{job.machine}", str(os.getpid()) + os.urandom(8).hex()
    if heard(meeting, name) is not None:
        raise CannotStart("--machine", f"Machine {job.machine} is there already.", "Use the command of another machine.")
    rows = _own_rows(order, reporter)
    import_module("phitune_gui.engine.train")  # takes seconds, and who is let in must give a sign of life soon after
    meeting.say(name, {**greeting(Path(order.base_model.path), rows.report.fingerprint), "id": own})
    reporter.emit(StageBegan(stage="waiting", detail="the other machines"))
    for _left in looks(PATIENCE_SECONDS, reporter):
        answer = heard(meeting, f"answer-{job.machine}", gone_is=ENDED_THERE)
        if isinstance(answer, dict) and answer.get("to") == own:
            if answer.get("no"):
                raise _turned_away(answer["no"])
            return order, rows
    raise CannotStart("ADDRESS", "The first machine did not answer within an hour.", "Start again on both machines.")


def _own_rows(order: TrainJob, reporter: Reporter) -> TrainingRows:
    reporter.emit(StageBegan(stage="tokenizing"))
    rows = training_rows(order.recipe, order.base_model, Patient(reporter).tell)
    reporter.emit(DatasetInspected(report=rows.report))
    return rows


def _turned_away(why: object) -> CannotStart:
    what = f"The first machine turned this one away. {why}"
    if why == OTHER_ROWS:
        return CannotStart("--data", what, "Copy the first machine's data files here and join again; it goes on waiting.")
    return CannotStart("--model", what, "Make both alike and join again; the first machine goes on waiting.")


def _with_own_paths(order: Any, job: JoinJob) -> TrainJob:
    """The first machine's order, read as a stranger's: checked, and with the folders and files of this machine."""
    try:
        train = job_from_json(order)
    except ValueError as error:
        what = "The first machine's order cannot be understood; it runs another version of PhiTune."
        raise CannotStart("ADDRESS", what, "Install the same version on both machines.") from error
    if not isinstance(train, TrainJob):
        raise CannotStart("ADDRESS", "What waits there is no training.", "Copy the command again.")
    recipe, model = train.recipe, Path(job.model or train.base_model.path)
    named = job.data or tuple(source.path for source in recipe.data.sources)
    if len(named) != len(recipe.data.sources):
        count = len(recipe.data.sources)
        raise CannotStart("--data", f"The run learns from {count} files, and {len(named)} are named here.", "Name each, in the same order.")
    sources = tuple(source.model_copy(update={"path": path}) for source, path in zip(recipe.data.sources, named, strict=True))
    validation = recipe.data.validation.model_copy(update={"path": job.validation or recipe.data.validation.path})
    data = recipe.data.model_copy(update={"sources": sources, "validation": validation})
    for path in (model, *(Path(source.path) for source in sources), *([Path(validation.path)] if validation.path else [])):
        _require_there(path, is_model=path == model)
    base = train.base_model.model_copy(update={"path": str(model)})
    # The first machine's weights are shared with all before the first step, also those of an adapter to go on with.
    chosen = recipe.model.model_copy(update={"path": str(model), "adapter": type(recipe.model)().adapter})
    own = recipe.model_copy(update={"data": data, "model": chosen})
    here = {"parent_pid": job.parent_pid, "control_from": job.control_from, "niceness": job.niceness}
    checkpoint = checkpoint_path(train.from_step) if train.checkpoint else None  # never a path that another machine chose
    return train.model_copy(update={"recipe": own, "base_model": base, "checkpoint": checkpoint, **here})


def _files(order: TrainJob) -> str:
    return ", ".join(source.path for source in order.recipe.data.sources)


def _require_there(path: Path, is_model: bool) -> None:
    if not (path.is_dir() if is_model else path.is_file()):
        option = "--model" if is_model else "--data"
        raise CannotStart(option, f"{path} is not on this machine.", f"Copy it here and say with {option} where it is.")
