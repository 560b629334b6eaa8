"""How several machines begin one run: the first invites the others and waits for them, and all make sure that they read the same rows."""

import os
from contextlib import ExitStack, closing
from pathlib import Path

from phitune_gui.core.address import Address, read_address
from phitune_gui.core.events import StageBegan
from phitune_gui.core.invitation import Invitation, write_invitations
from phitune_gui.core.job import TrainJob, job_to_json
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.carry import share_folder
from phitune_gui.engine.greeting import greeting
from phitune_gui.engine.meeting import ENDED_THERE, KEY, PATIENCE_SECONDS, PLACE, Meeting, heard, looks
from phitune_gui.engine.ranks import Ranks, own_ranks
from phitune_gui.engine.reporting import Reporter
from phitune_gui.engine.seats import Seats, admit, free, keep_seat


def meet_machines(job: TrainJob, reporter: Reporter, rows: str) -> Meeting | None:
    """The meeting of a run of several machines, once all are there; None when there is one machine. Raises CannotStart and Stopped.

    `rows` is the fingerprint of what the first machine reads, and nobody who reads anything else is let in.
    """
    if job.recipe.launcher.nodes == 1:
        return None
    if own_ranks().leads:
        meeting = wait_for_machines(job, reporter, rows)
        meeting.say("go", True)
        return meeting
    found = None
    for left in looks(PATIENCE_SECONDS, reporter):
        found = found or Meeting.of_environment()
        if found is not None and os.environ.get("LOCAL_RANK", "0") == "0":
            keep_seat(found, left)
        if found is not None and heard(found, "go", gone_is=ENDED_THERE):
            return found
    raise CannotStart("launcher.nodes", "The other machines did not come within an hour.", "Start again on all of them.")


def share_with_machines(job: TrainJob, rows: str, run: Path, ranks: Ranks) -> None:
    """Require that all read the same rows, by their fingerprint, and bring the checkpoint to go on from to every machine."""
    processes = job.recipe.launcher.processes
    first, *others = ranks.gathered(rows.encode())
    other = next((rank for rank, theirs in enumerate(others, 1) if theirs != first), None)
    if other is not None:
        raise CannotStart(
            "data.sources", f"Machine {other // processes + 1} reads other rows than the first one.",
            "Copy the same data files to all machines, and join again.",
        )  # fmt: skip
    if job.checkpoint is not None:
        share_folder(run / job.checkpoint, ranks, writes=ranks.rank >= processes and ranks.rank % processes == 0)


def wait_for_machines(job: TrainJob, reporter: Reporter, rows: str) -> Meeting:
    """Hold the meeting of `job` and return when all machines are there. Raises CannotStart, and Stopped on a request to."""
    launcher, key = job.recipe.launcher, os.environ[KEY]
    place = read_address(os.environ[PLACE])
    mine = greeting(Path(job.base_model.path), rows)
    missing = list(range(2, launcher.nodes + 1))
    seats = Seats()
    with ExitStack() as on_failure:
        meeting = on_failure.enter_context(closing(Meeting.hold(place, key, {"job": job_to_json(job)})))
        _invite(missing, place, key, reporter)
        for _left in looks(PATIENCE_SECONDS, reporter):
            here = [machine for machine in missing if admit(meeting, machine, mine, reporter)]
            gone = [machine for machine in seats.silent(meeting) if machine not in missing]
            for machine in gone:
                free(meeting, machine, reporter)
            seats.take(here)
            if here or gone:
                missing = sorted({*missing, *gone} - {*here})
                _invite(missing, place, key, reporter)
            if not missing:
                on_failure.pop_all()
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
