"""The session's side of adapters that were made elsewhere: judged by a worker, then shown, exported, talked to or trained on."""

from pathlib import Path
from typing import Any

from qasync import asyncSlot

from phitune_gui.catalog.techniques.going_on import goes_on
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.recipe import ModelSection
from phitune_gui.core.run import Run, apply_all
from phitune_gui.jobs.adapters import start_import
from phitune_gui.jobs.questions import ask_start
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.store.runs import open_run
from phitune_gui.ui.async_jobs import event_batches
from phitune_gui.ui.desk_calls import read_model
from phitune_gui.ui.session_doctor import SessionDoctor
from phitune_gui.ui.session_jobs import end
from phitune_gui.ui.session_runs import NICENESS


class SessionAdapters(SessionDoctor):
    """One import at a time; it ends with the window."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._import: Supervisor | None = None

    def import_adapter(self, folder: str | Path) -> None:
        """Judges the adapter for the chosen model and makes a run of it; the Runs page shows how far that is, and the verdict."""
        if not self.recipe.model.path:
            what = self.tr("{name} is an adapter, and no model is chosen yet.").format(name=Path(folder).name)
            fix = self.tr("Choose the model that it was made for on this page, then import it again.")
            self.page_requested.emit("model")
            self.refuse(Problem(where="model.path", what=what, how_to_fix=fix))
        elif self.is_importing:
            what = self.tr("An adapter is being imported.")
            self.refuse(Problem(where="adapter", what=what, how_to_fix=self.tr("Cancel that on the Runs page, or let it finish.")))
        else:
            self.import_folder = Path(folder)
            self._show_import(Run(state="queued"))
            self.page_requested.emit("runs")
            self._run_import(Path(folder))

    def cancel_import(self) -> None:
        """Ends the import; nothing half made is left."""
        if self._import is not None:
            self._request(self._import.folder, "stop")

    def close_import(self) -> None:
        """Puts the verdict away; a run that was made of the adapter stays."""
        if not self.is_importing:
            self._show_import(None)

    @asyncSlot()
    async def train_on(self, run: str | Path) -> None:
        """Lets training go on from the adapter of a run, with its model and technique, as one undo step."""
        try:
            own = (await self.background.call(open_run, Path(run))).recipe
            section = ModelSection(path=own.model.path, adapter=str(run))
            start = await self.ask_desk(ask_start, own.model_copy(update={"model": section}), await self._base(section.path))
        except CannotStart as refusal:
            self.refuse(refusal.problem)
            return
        if start is not None and start.problem is not None:
            self.refuse(start.problem)
            return
        technique = own.technique
        if start is not None and start.technique is not None and not goes_on(own.technique, start.technique, start.blocks):
            technique = start.technique
        self._edit(self.recipe.model_copy(update={"model": section, "technique": technique}))
        self.say(self.tr("Training goes on from {name}. Undo brings the recipe before back.").format(name=Path(run).name))
        self.page_requested.emit("tune")

    @asyncSlot()
    async def _run_import(self, folder: Path) -> None:
        run = Run(state="queued")
        try:
            base = await self._base(self.recipe.model.path)
            self._import = await self.background.call(start_import, folder, base, None, NICENESS)
            async for events in event_batches(self._import, self.background):
                run = apply_all(run, events)
                self._show_import(run)
        except CannotStart as refusal:
            self._show_import(None)
            self._import_refused(refusal.problem)
        finally:
            end(self._import)
            self._import = None
        self._import_ended(run)

    async def _base(self, path: str) -> BaseModel:
        if self.model is not None and self.model.path == path:
            return self.model
        return await self.ask_desk(read_model, path)

    def _import_refused(self, problem: Problem) -> None:
        if problem.where.startswith("model."):
            self.page_requested.emit("model")
        self.refuse(problem)

    def _import_ended(self, run: Run) -> None:
        verdict = run.imported
        if verdict is not None and verdict.usable:
            self.say(self.tr("Imported {name}.").format(name=self.import_folder.name))
            self.refresh_runs()
        elif verdict is None and run.state == "stopped":
            self._show_import(None)
            self.say(self.tr("The import was cancelled; nothing was left behind."))

    def _show_import(self, run: Run | None) -> None:
        self.import_run = run
        self.import_changed.emit()

    def end_jobs(self) -> None:
        """Kills what works for this window only."""
        super().end_jobs()
        end(self._import)
