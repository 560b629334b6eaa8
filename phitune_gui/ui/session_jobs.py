"""The session's other jobs: make the starter model, export and verify, chat; each is a worker process awaited here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from qasync import asyncSlot

from phitune_gui.core.events import AnswerFinished, Event, JobFailed, StageBegan, TextGenerated
from phitune_gui.core.job import ChatJob, ExportJob, Job, StarterJob, VerifyJob
from phitune_gui.core.messages import Message
from phitune_gui.core.names import EXPORTS_FOLDER
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.run import Run, apply_all
from phitune_gui.files.manifest import looks_whole
from phitune_gui.jobs import control
from phitune_gui.jobs.launch import start_job
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.store.exports import exports_of
from phitune_gui.store.paths import starter_folder
from phitune_gui.store.sample import sample_recipe
from phitune_gui.ui.async_jobs import event_batches
from phitune_gui.ui.desk_calls import read_model
from phitune_gui.ui.session_runs import SessionRuns
from phitune_gui.ui.session_state import ChatState


class SessionJobs(SessionRuns):
    """One job of each kind at a time; all of them end with the window."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._export: Supervisor | None = None
        self._chat: Supervisor | None = None
        self._starter: Supervisor | None = None

    # starter

    @asyncSlot()
    async def make_starter(self) -> None:
        """Makes the starter model ready and chooses it."""
        if await self._starter_ready():
            self.choose_model(starter_folder())
            self.scan_models()

    @asyncSlot()
    async def try_it_now(self) -> None:
        """Starter model and sample data, one step from a tuned model: the page that opens says what Start will do."""
        if not await self._starter_ready():
            return
        self._edit(sample_recipe("try-it-now", starter_folder()))
        self.close_run()
        self.say(self.tr("Starter model and sample data are ready: press Start."))
        self.page_requested.emit("train")

    async def _starter_ready(self) -> bool:
        if looks_whole(starter_folder()):
            return True
        if self._starter is not None:
            return False
        run = Run(state="queued")
        self.say(self.tr("Making the starter model ready …"))
        try:
            self._starter = await self.background.call(start_job, StarterJob(out=str(starter_folder())))
            async for events in event_batches(self._starter, self.background):
                run = self.starter_run = apply_all(run, events)
                self.starter_changed.emit()
        except CannotStart as refusal:
            self.refuse(refusal.problem)
        finally:
            end(self._starter)
            self._starter, self.starter_run = None, None
            self.starter_changed.emit()
        if run.failure is not None:
            self.refuse(as_problem("starter", run.failure))
        self.say(self.tr("The starter model is ready.") if run.state == "finished" else "")
        return run.state == "finished"

    # export

    def start_export(self, target: str) -> None:
        """Exports the shown run to this target of the catalog (or `auto`), then checks the result."""
        if self.run_folder is None:
            self.refuse(Problem(where="export", what=self.tr("No run is open."), how_to_fix=self.tr("Open a finished run first.")))
            return
        out = self.run_folder / EXPORTS_FOLDER / target
        self._run_export(ExportJob(run=str(self.run_folder), target=target, out=str(out)), target)

    def verify_export(self, path: str | Path) -> None:
        """Compares an export with its reference again."""
        self._run_export(VerifyJob(export=str(path)), Path(path).name)

    def cancel_export(self) -> None:
        """Ends the export; nothing half made is left."""
        if self._export is not None:
            self._request(self._export.folder, "stop")

    @asyncSlot()
    async def _run_export(self, job: Job, target: str) -> None:
        if self.export_run is not None and not self.export_run.ended:
            self.refuse(Problem(where="export", what=self.tr("An export is running."), how_to_fix=self.tr("Cancel it or let it finish.")))
            return
        run_folder = self.run_folder
        self.export_target, self.export_run, self.export_folder = target, Run(state="queued"), run_folder
        self.export_changed.emit()
        try:
            self._export = await self.background.call(start_job, job)
            async for events in event_batches(self._export, self.background):
                self.export_run = apply_all(self.export_run, events)
                self.export_changed.emit()
        except CannotStart as refusal:
            self.export_run = None
            self.refuse(refusal.problem)
        finally:
            end(self._export)
            self._export = None
        if run_folder is not None and run_folder == self.run_folder and self.run is not None:
            self.exports = await self.background.call(exports_of, run_folder, self.run)
        self.export_changed.emit()

    # chat

    @asyncSlot()
    async def open_chat(self, source: str | Path, kind: Literal["model", "run", "export"]) -> None:
        """Loads a model folder, a run or an export to talk to; the one that was loaded before is let go."""
        self.close_chat()
        self.chat_state, self.chat_message, self.chat_source = "loading", "", str(source)
        self.chat_changed.emit()
        chat: Supervisor | None = None
        try:
            model = await self.ask_desk(read_model, str(source)) if kind == "model" else None
            chat = self._chat = await self.background.call(start_job, ChatJob(source=str(source), kind=kind, base_model=model))
            async for events in event_batches(chat, self.background):
                if self._chat is not chat:
                    return
                for event in events:
                    self._chat_said(event)
        except CannotStart as refusal:
            self._chat_is("failed", refusal.problem.what)
            self.refuse(refusal.problem)
        finally:
            end(chat)
            if self._chat is chat:
                self._chat = None
                self._chat_is(*_after_chat(self.chat_state, self.chat_message))

    def ask(self, messages: Sequence[Message], **options: Any) -> str:
        """Asks what is loaded to answer; the id comes back with every piece of the answer. Empty when nothing is loaded."""
        if self._chat is None or self.chat_state != "ready":
            return ""
        self._chat_is("answering")
        return control.ask(self._chat.folder, messages, **options)

    def cancel_answer(self) -> None:
        """Ends the answer that is being given; what was said so far stays."""
        if self._chat is not None:
            self._request(self._chat.folder, "cancel")

    def close_chat(self) -> None:
        """Lets go of the loaded model and its memory."""
        chat, self._chat = self._chat, None
        if chat is not None:
            self._request(chat.folder, "stop")  # its process is ended in any case
            self._chat_is("idle")

    def _chat_said(self, event: Event) -> None:
        if isinstance(event, StageBegan):
            self._chat_is("ready" if event.stage == "ready" else "loading", event.detail)
        elif isinstance(event, TextGenerated):
            self.answer_streamed.emit(event.id, event.text)
        elif isinstance(event, AnswerFinished):
            self._chat_is("ready")
            self.answer_finished.emit(event)
        elif isinstance(event, JobFailed):
            self._chat_is("failed", f"{event.message} {event.hint}".strip())

    def _chat_is(self, state: ChatState, message: str = "") -> None:
        self.chat_state, self.chat_message = state, message
        self.chat_changed.emit()

    def end_jobs(self) -> None:
        """Kills what works for this window only; a training is not among them."""
        for supervisor in (self._export, self._chat, self._starter):
            end(supervisor)


def end(supervisor: Supervisor | None) -> None:
    """Ends the job's process where it has not ended by itself: its window does not wait for it any more."""
    if supervisor is not None and not supervisor.ended:
        supervisor.kill()


def _after_chat(state: ChatState, message: str) -> tuple[ChatState, str]:
    """What is left to say when the chat's process is gone: the failure, or nothing."""
    return (state, message) if state == "failed" else ("idle", "")


def as_problem(where: str, failure: JobFailed) -> Problem:
    """Why a job failed, as the window shows it."""
    return Problem(where=where, what=failure.message, how_to_fix=failure.hint)
