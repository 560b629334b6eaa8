"""Several machines that train one run: the first waits for the others, each shows that it has the same model and libraries."""

import os
from pathlib import Path

from phitune_gui.core.address import Address, read_address
from phitune_gui.core.events import StageBegan, Warned
from phitune_gui.core.invitation import Invitation, write_invitations
from phitune_gui.core.job import TrainJob, job_to_json
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.carry import share_folder
from phitune_gui.engine.greeting import differences, greeting
from phitune_gui.engine.meeting import ENDED_THERE, KEY, PATIENCE_SECONDS, PLACE, Meeting, heard, looks
from phitune_gui.engine.ranks import Ranks, own_ranks
from phitune_gui.engine.reporting import Reporter


def meet_machines(job: TrainJob, reporter: Reporter) -> Meeting | None:
    """The meeting of a run of several machines, once all are there; None when there is one machine. Raises CannotStart and Stopped."""
    if job.recipe.launcher.nodes == 1:
        return None
    if own_ranks().leads:
        meeting = wait_for_machines(job, reporter)
        meeting.say("go", True)
        return meeting
    found = None
    for _left in looks(PATIENCE_SECONDS, reporter):
        found = found or Meeting.of_environment()
        if found is not None and heard(found, "go", gone_is=ENDED_THERE):
            return found
    raise CannotStart("launcher.nodes", "The other machines did not come within an hour.", "Start again on all of them.")


def share_with_machines(job: TrainJob, rows: str, run: Path, ranks: Ranks) -> None:
    """Require that all read the same rows, by their fingerprint, and bring the checkpoint to go on from to every machine."""
    processes = job.recipe.launcher.processes
    other = next((rank for rank, theirs in enumerate(ranks.gathered(rows.encode())) if theirs != rows.encode()), None)
    if other is not None:
        raise CannotStart(
            "data.sources", f"Machine {max(other, ranks.rank) // processes + 1} reads other rows than the first one.",
            "Copy the same data files to all machines, and join again.",
        )  # fmt: skip
    if job.checkpoint is not None:
        share_folder(run / job.checkpoint, ranks, writes=ranks.rank >= processes and ranks.rank % processes == 0)


def wait_for_machines(job: TrainJob, reporter: Reporter) -> Meeting:
    """Hold the meeting of `job` and return when all machines are there. Raises CannotStart, and Stopped on a request to."""
    launcher, key = job.recipe.launcher, os.environ[KEY]
    place = read_address(os.environ[PLACE])
    meeting = Meeting.hold(place, key)
    meeting.say("job", job_to_json(job))
    mine = greeting(Path(job.base_model.path))
    missing = list(range(2, launcher.nodes + 1))
    _invite(missing, place, key, reporter)
    for _left in looks(PATIENCE_SECONDS, reporter):
        here = [machine for machine in missing if _admit(meeting, machine, mine, reporter)]
        if here:
            missing = [machine for machine in missing if machine not in here]
            _invite(missing, place, key, reporter)
        if not missing:
            return meeting
    many = f"machines {', '.join(map(str, missing))}" if len(missing) > 1 else f"machine {missing[0]}"
    raise CannotStart(
        "launcher.nodes", f"Nobody came as {many} within an hour.", "Start again, and type the command that is shown on each machine."
    )


def join_command(place: Address, machine: int, key: str) -> str:
    """What the person types on another machine."""
    return f"phitune join {place} --machine {machine} --key {key}"


def _invite(missing: list[int], place: Address, key: str, reporter: Reporter) -> None:
    if missing:
        invitations = [Invitation(machine, join_command(place, machine, key)) for machine in missing]
        reporter.emit(StageBegan(stage="waiting", detail=write_invitations(invitations)))


def _admit(meeting: Meeting, machine: int, mine: dict[str, str], reporter: Reporter) -> bool:
    """Whether the machine is here and fits; one that does not is told why and may come again."""
    theirs = meeting.heard(f"here-{machine}")
    if theirs is None:
        return False
    wrong = differences(mine, theirs)
    meeting.say(f"answer-{machine}", {"to": theirs.get("id") if isinstance(theirs, dict) else None, "no": wrong})
    if wrong:
        reporter.emit(Warned(message=f"Machine {machine} was turned away. {wrong}"))
        meeting.forget(f"here-{machine}")
    return not wrong
