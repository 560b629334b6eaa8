"""The side of a machine that comes to train a run which another machine began."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any

from phitune_gui.core.address import read_address
from phitune_gui.core.events import StageBegan, Warned
from phitune_gui.core.job import JoinJob, TrainJob, job_from_json
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSource
from phitune_gui.engine.checkpoints import checkpoint_path
from phitune_gui.engine.greeting import greeting
from phitune_gui.engine.meeting import COPY_AGAIN, ENDED_THERE, KEY, MACHINE, PATIENCE_SECONDS, PLACE, Meeting, heard, looks
from phitune_gui.engine.reporting import Reporter


def attend(job: JoinJob, reporter: Reporter) -> TrainJob:
    """Come to the meeting as the machine of `job`; the order to train, with this machine's own paths, once all are there."""
    place = read_address(job.address)
    if job.model:
        _require_there(Path(job.model), is_model=True)
    for path in (*job.data, *([job.validation] if job.validation else [])):
        _require_there(Path(path), is_model=False)
    reporter.emit(StageBegan(stage="waiting", detail=f"the first machine at {place}"))
    os.environ.update({PLACE: job.address, KEY: job.key, MACHINE: str(job.machine)})
    for _left in looks(PATIENCE_SECONDS, reporter):
        meeting = Meeting.visit(place, job.key)
        if meeting is not None:
            break
    else:
        raise CannotStart("ADDRESS", f"Nobody waits at {place}.", COPY_AGAIN)
    with closing(meeting):
        return _introduce(meeting, job, _with_own_paths(heard(meeting, "job", gone_is=ENDED_THERE), job), reporter)


def _introduce(meeting: Meeting, job: JoinJob, order: TrainJob, reporter: Reporter) -> TrainJob:
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
    meeting.say(name, {**greeting(Path(order.base_model.path)), "id": own})
    reporter.emit(StageBegan(stage="waiting", detail="the other machines"))
    for _left in looks(PATIENCE_SECONDS, reporter):
        answer = heard(meeting, f"answer-{job.machine}", gone_is=ENDED_THERE)
        if isinstance(answer, dict) and answer.get("to") == own:
            if answer.get("no"):
                raise CannotStart("--model", f"The first machine turned this one away. {answer['no']}", "Make both alike and join again.")
            return order
    raise CannotStart("ADDRESS", "The first machine did not answer within an hour.", "Start again on both machines.")


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
    sources = tuple(DataSource(path=path) for path in job.data) or recipe.data.sources
    if len(sources) != len(recipe.data.sources):
        count = len(recipe.data.sources)
        raise CannotStart(
            "--data", f"The run learns from {count} files, and {len(sources)} are named here.", "Name each, in the same order."
        )
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
