"""Several machines that train one run: the first waits for the others, each shows that it has the same model and libraries."""

import os
import time
from contextlib import suppress
from pathlib import Path

from phitune_gui.core.address import Address, read_address
from phitune_gui.core.events import StageBegan, Warned
from phitune_gui.core.invitation import Invitation, write_invitations
from phitune_gui.core.job import TrainJob, job_to_json
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.carry import share_folder
from phitune_gui.engine.greeting import differences, greeting
from phitune_gui.engine.meeting import ENDED_THERE, KEY, MACHINE, PATIENCE_SECONDS, PLACE, Meeting, heard, looks
from phitune_gui.engine.ranks import Ranks, own_ranks
from phitune_gui.engine.reporting import Reporter

SILENT_SECONDS = 30.0
"""A machine that was admitted and is not heard of for so long may have lost its power."""


def meet_machines(job: TrainJob, reporter: Reporter) -> Meeting | None:
    """The meeting of a run of several machines, once all are there; None when there is one machine. Raises CannotStart and Stopped."""
    if job.recipe.launcher.nodes == 1:
        return None
    if own_ranks().leads:
        meeting = wait_for_machines(job, reporter)
        meeting.say("go", True)
        return meeting
    found = None
    for left in looks(PATIENCE_SECONDS, reporter):
        found = found or Meeting.of_environment()
        if found is not None and os.environ.get("LOCAL_RANK", "0") == "0":
            _beat(found, left)
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


def wait_for_machines(job: TrainJob, reporter: Reporter) -> Meeting:
    """Hold the meeting of `job` and return when all machines are there. Raises CannotStart, and Stopped on a request to."""
    launcher, key = job.recipe.launcher, os.environ[KEY]
    place = read_address(os.environ[PLACE])
    meeting = Meeting.hold(place, key)
    meeting.say("job", job_to_json(job))
    mine = greeting(Path(job.base_model.path))
    missing = list(range(2, launcher.nodes + 1))
    seats = Seats()
    _invite(missing, place, key, reporter)
    for _left in looks(PATIENCE_SECONDS, reporter):
        here = [machine for machine in missing if _admit(meeting, machine, mine, reporter)]
        gone = [machine for machine in seats.silent(meeting) if machine not in missing]
        for machine in gone:
            _free(meeting, machine, reporter)
        seats.take(here)
        if here or gone:
            missing = sorted({*missing, *gone} - {*here})
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


class Seats:
    """Who was admitted, and when each was last heard of while the others are waited for."""

    def __init__(self, patience: float = SILENT_SECONDS) -> None:
        self._patience = patience
        self._heard: dict[int, tuple[object, float]] = {}

    def take(self, machines: list[int]) -> None:
        """These are here from now on."""
        self._heard.update({machine: (None, time.monotonic()) for machine in machines})

    def silent(self, meeting: Meeting) -> list[int]:
        """Machines that have not been heard of for too long; they no longer count as here."""
        now = time.monotonic()
        for machine, (before, _at) in list(self._heard.items()):
            beat = meeting.heard(f"waits-{machine}")
            if beat != before:
                self._heard[machine] = (beat, now)
        gone = [machine for machine, (_beat, at) in self._heard.items() if now - at > self._patience]
        for machine in gone:
            del self._heard[machine]
        return gone


def _beat(meeting: Meeting, left: float) -> None:
    """Say that this machine waits; whether the first one still does shows when it is asked for the sign to begin."""
    with suppress(RuntimeError):
        meeting.say(f"waits-{os.environ.get(MACHINE, '1')}", round(left, 1))


def _free(meeting: Meeting, machine: int, reporter: Reporter) -> None:
    reporter.emit(
        Warned(message=f"Machine {machine} was there and has not been heard of for {SILENT_SECONDS:.0f} seconds; it may join again.")
    )
    for name in (f"here-{machine}", f"answer-{machine}"):
        meeting.forget(name)


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
