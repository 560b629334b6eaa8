"""The training side of the session: start, follow, stop, reopen and list runs."""

import time
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Slot
from qasync import asyncSlot

from phitune_gui.core.events import Event
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.run import Export, Run, apply_all
from phitune_gui.jobs import control
from phitune_gui.jobs.history import settled_run, settled_runs
from phitune_gui.jobs.launch import start_training
from phitune_gui.jobs.resume import resume_training
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.jobs.worker_file import worker_lives
from phitune_gui.store.exports import exports_of
from phitune_gui.store.runs import find_run, open_run
from phitune_gui.ui.field_titles import wrong_field_problems
from phitune_gui.ui.session_advice import SessionAdvice
from phitune_gui.ui.training_worker import TrainingWorker

NICENESS = 5
"""The trained process yields a little, so that the window stays smooth on few cores."""


class SessionRuns(SessionAdvice):
    """One training at a time; the shown run may be another one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._worker: TrainingWorker | None = None
        self._leaving = False

    def start_run(self) -> None:
        """Trains the shown recipe, unless something is in the way."""
        if self._plan_timer.isActive():
            self._make_plan()  # an edit that came with this very click counts
        blocking = next((problem for problem in self.plan.problems if problem.severity == "problem"), None)
        if self.is_training:
            self.refuse(self._problem("training", self.tr("A training is running already."), self.tr("Stop it first, or let it finish.")))
        elif blocking is not None:
            self.refuse(blocking)
        elif self.wrong_fields:
            self.refuse(wrong_field_problems(self.wrong_fields)[0])
        elif self.model is None:
            self.refuse(self._problem("model.path", self.tr("No model is chosen yet."), self.tr("Choose one on the Model page.")))
        else:
            self.live_run = self.run = Run(state="queued", began_at=time.time())
            self.live_folder = self.run_folder = None
            self.live_recipe = self.run_recipe = self.recipe
            self.exports = ()
            begin = partial(start_training, self.recipe, self.plan, self.model, None, NICENESS)
            self._follow(begin)
            self.run_changed.emit()
            self.page_requested.emit("train")

    def resume_run(self) -> None:
        """Goes on with the shown run from its newest checkpoint that is whole."""
        if self.is_training:
            self.refuse(self._problem("training", self.tr("A training is running already."), self.tr("Stop it first, or let it finish.")))
        elif self.run is not None and self.run_folder is not None:
            self.live_run = self.run = self.run.model_copy(update={"state": "starting", "failure": None})
            self.live_folder, self.live_recipe = self.run_folder, self.run_recipe
            self._follow(partial(_resumed, self.run_folder))
            self.run_changed.emit()

    def stop_run(self) -> None:
        """Asks the training to finish its step, save and end."""
        if self._send("stop") and self.live_run is not None:
            self._show_live(self.live_run.model_copy(update={"state": "stopping"}))

    def save_now(self) -> None:
        """Asks the training to save a checkpoint and go on."""
        if self._send("save"):
            self.say(self.tr("A checkpoint will be saved after this step."))

    def kill_run(self) -> None:
        """Ends the training's process at once; what was saved before stays."""
        if self._worker is not None:
            self._worker.kill()

    @asyncSlot()
    async def show_run(self, folder: str | Path) -> None:
        """Makes this run the shown one, on Train, Export and Chat; one that is being trained now is followed live."""
        path = Path(folder)
        if self.is_training and path == self.live_folder:
            self._show(self.live_run, path, self.live_recipe, ())
            return
        try:
            record = await self.background.call(settled_run, path)
            alive = not (self.is_training or record.run.ended) and await self.background.call(worker_lives, record.path)
            exports = await self.background.call(exports_of, record.path, record.run)
        except CannotStart as refusal:
            self.refuse(refusal.problem)
            return
        if alive:
            self.live_run, self.live_folder = Run(state="starting"), record.path
            self.live_recipe = record.recipe
            self._follow(partial(Supervisor, record.path))
        self._show(record.run, record.path, record.recipe, exports)

    def close_run(self) -> None:
        """Shows no run, so that the next one has the page; one that is being trained stays in sight."""
        if not self.is_training:
            self._show(None, None, None, ())

    @asyncSlot()
    async def resume_from(self, folder: Path) -> None:
        """Shows a run that was broken off and goes on with it."""
        await self.show_run(folder)
        if self.run_folder == folder:
            self.page_requested.emit("train")
            self.resume_run()

    @asyncSlot()
    async def open_run(self, run: str | Path) -> None:
        """Opens a run by folder or name on the Train page."""
        try:
            folder = await self.background.call(find_run, str(run))
        except CannotStart as refusal:
            self.refuse(refusal.problem)
            return
        await self.show_run(folder)
        self.page_requested.emit("train")

    @asyncSlot()
    async def refresh_runs(self) -> None:
        """Reads the list of runs again."""
        self.runs = tuple(await self.background.call(settled_runs))
        self.runs_changed.emit()

    @asyncSlot()
    async def attach_live_run(self) -> None:
        """Finds a run that goes on from an earlier window and shows it live."""
        await self.refresh_runs()
        for record in self.runs:
            if not record.run.ended and await self.background.call(worker_lives, record.path):
                await self.show_run(record.path)
                return

    @asyncSlot()
    async def clone_recipe(self, folder: str | Path) -> None:
        """Takes the recipe of a run as the shown one; one undo step."""
        try:
            record = await self.background.call(open_run, Path(folder))
        except CannotStart as refusal:
            self.refuse(refusal.problem)
            return
        self._edit(record.recipe)
        self.say(self.tr("The recipe of {name} is open.").format(name=record.name))
        self.page_requested.emit("tune")

    def _show(self, run: Run | None, folder: Path | None, recipe: Recipe | None, exports: tuple[Export, ...]) -> None:
        self.run, self.run_folder, self.run_recipe, self.exports = run, folder, recipe, exports
        self.run_changed.emit()
        self.export_changed.emit()

    def leave_run(self) -> None:
        """Stops following the training; its process goes on."""
        self._leaving = True
        for worker in self.findChildren(TrainingWorker):
            worker.leave()
        self._worker = None

    def _follow(self, begin: Any) -> None:
        worker = self._worker = TrainingWorker(begin, self)  # an earlier one has ended and sees its process out
        worker.begun.connect(self._run_begun)
        worker.refused.connect(self._run_refused)
        worker.events_arrived.connect(self._events_arrived)
        worker.ended.connect(self._worker_ended)
        worker.start()

    def _send(self, word: control.Word) -> bool:
        return self.live_folder is not None and self.is_training and self._request(self.live_folder, word)

    def _request(self, folder: Path, word: control.Word) -> bool:
        """Asks the process at work on the folder; where that cannot be written down, as on a full disk, it is said."""
        try:
            control.send(folder, word)
        except OSError as error:
            why = (error.strerror or self.tr("the system refused")).lower()
            what = self.tr("The work in {folder} could not be asked to {word}: {why}.").format(folder=folder, word=word, why=why)
            self.refuse(self._problem(str(folder), what, self.tr("Free some space, then try again.")))
            return False
        return True

    @Slot()
    def _worker_ended(self) -> None:
        if not self._leaving:  # there is no loop any more that could await the list
            self.refresh_runs()

    @Slot(object)
    def _run_begun(self, folder: Path) -> None:
        shown = self.run_folder == self.live_folder
        self.live_folder = folder
        if shown:
            self.run_folder = folder
        self.run_changed.emit()

    @Slot(object)
    def _run_refused(self, problem: Problem) -> None:
        unchanged = self.live_folder if self.run is self.live_run else None  # an earlier run that could not go on
        if self.run is self.live_run:
            self.run, self.run_folder = None, None
        self.live_run = self.live_folder = None
        self.refuse(problem)
        if unchanged is not None:
            self.show_run(unchanged)
        self.run_changed.emit()

    @Slot(object)
    def _events_arrived(self, events: list[Event]) -> None:
        if self.live_run is None:
            return
        stopping = self.live_run.state == "stopping"
        run = apply_all(self.live_run, events)
        if stopping and not run.ended:
            run = run.model_copy(update={"state": "stopping"})
        self._show_live(run)

    def _show_live(self, run: Run) -> None:
        shown = self.run_folder == self.live_folder
        self.live_run = run
        if shown:
            self.run = run
        self.run_changed.emit()

    def _problem(self, where: str, what: str, how_to_fix: str) -> Problem:
        return Problem(where=where, what=what, how_to_fix=how_to_fix)


def _resumed(folder: Path) -> Supervisor:
    return resume_training(folder, NICENESS)[0]
