"""The doctor's side of the session: what this machine can really do, tried by a worker and remembered for every plan."""

from typing import Any

from qasync import asyncSlot

from phitune_gui.core.job import ProbeJob
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.run import Run, apply_all
from phitune_gui.jobs.launch import start_job
from phitune_gui.jobs.machine import remember_checks
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.ui.async_jobs import event_batches
from phitune_gui.ui.session_jobs import SessionJobs, as_problem, end


class SessionDoctor(SessionJobs):
    """One examination at a time; it ends with the window."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._doctor: Supervisor | None = None
        self.examining = False

    @asyncSlot()
    async def check_machine(self) -> None:
        """Runs the tiny real tests, remembers what they found, and plans anew with it."""
        if self.examining:
            return
        self.examining, run = True, Run(state="queued")
        self.say(self.tr("Checking this machine …"))
        try:
            self._doctor = await self.background.call(start_job, ProbeJob())
            async for events in event_batches(self._doctor, self.background):
                run = apply_all(run, events)
            await self._remember(run)
        except CannotStart as refusal:
            self.refuse(refusal.problem)
        finally:
            end(self._doctor)
            self._doctor, self.examining = None, False
            self.say("")

    async def _remember(self, run: Run) -> None:
        if run.failure is not None:
            self.refuse(as_problem("doctor", run.failure))
            return
        try:
            await self.background.call(remember_checks, run.checks)
        except OSError as error:
            what = self.tr("What the tests found could not be kept: {reason}.").format(reason=error.strerror or error)
            self.refuse(Problem(where="doctor", what=what, how_to_fix=self.tr("Free some space, then check this machine again.")))
        self.probe_hardware()
        self.machine_checked.emit(run.checks)

    def end_jobs(self) -> None:
        """Kills what works for this window only."""
        super().end_jobs()
        end(self._doctor)
