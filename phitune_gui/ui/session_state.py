"""What the window knows: the values every view shows and the signals that say which of them changed."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from PySide6.QtCore import QObject, Signal

from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.messages import Preview
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.run import Export, Run
from phitune_gui.jobs.desk import DataDesk
from phitune_gui.store.runs import RunRecord
from phitune_gui.store.settings import Settings, load_settings, save_settings
from phitune_gui.ui.async_jobs import Background
from phitune_gui.ui.desk_calls import Desk
from phitune_gui.ui.run_titles import title_of

ChatState = Literal["idle", "loading", "ready", "answering", "failed"]
P = ParamSpec("P")
T = TypeVar("T")
_log = logging.getLogger(__name__)


class SessionState(QObject):
    """The only mutable state of the window. Values are frozen; a change replaces the value and emits the signal."""

    recipe_changed = Signal()
    model_changed = Signal()
    models_changed = Signal()
    report_changed = Signal()
    inspect_progressed = Signal()
    preview_changed = Signal()
    first_row_changed = Signal()
    plan_changed = Signal()
    advice_changed = Signal()
    hardware_changed = Signal()
    machine_checked = Signal(object)
    connections_changed = Signal()
    run_changed = Signal()
    runs_changed = Signal()
    export_changed = Signal()
    starter_changed = Signal()
    import_changed = Signal()
    chat_changed = Signal()
    answer_streamed = Signal(str, str)
    answer_finished = Signal(object)
    problem_raised = Signal(object)
    status_changed = Signal(str)
    page_requested = Signal(str)
    field_requested = Signal(str)

    def __init__(self, settings: Settings | None = None, desk: Desk | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings or load_settings()
        self.desk: Desk = desk or DataDesk()
        self.background = Background()
        self._one_at_the_desk = asyncio.Lock()
        self.recipe = Recipe()
        self.model: BaseModel | None = None
        self.models: tuple[BaseModel, ...] = ()
        self.scanning = False
        self.report: DatasetReport | None = None
        self.data_problem: Problem | None = None
        self.inspecting = False
        self.inspected: float | None = None
        self.preview: Preview | None = None
        self.preview_problem: Problem | None = None
        self.preview_row = 0
        self.plan = Plan()
        self.wrong_fields: dict[str, str] = {}
        self.hardware: Hardware | None = None
        self.connections = 0
        self.problem: Problem | None = None
        self.status = ""
        self.run: Run | None = None
        self.run_folder: Path | None = None
        self.run_recipe: Recipe | None = None
        self.live_run: Run | None = None
        self.live_folder: Path | None = None
        self.live_recipe: Recipe | None = None
        self.runs: tuple[RunRecord, ...] = ()
        self.exports: tuple[Export, ...] = ()
        self.export_run: Run | None = None
        self.export_target = ""
        self.export_folder: Path | None = None
        self.starter_run: Run | None = None
        self.import_run: Run | None = None
        self.import_folder = Path()
        self.start: AdapterReport | None = None
        self.chat_state: ChatState = "idle"
        self.chat_message = ""
        self.chat_source = ""

    @property
    def run_title(self) -> str:
        """What the shown run is called; empty when none is shown."""
        return title_of(self.run_recipe) if self.run is not None and self.run_recipe is not None else ""

    @property
    def shown_export(self) -> Run | None:
        """The newest export job, where it belongs to the shown run."""
        return self.export_run if self.export_folder == self.run_folder else None

    @property
    def run_is_live(self) -> bool:
        """Whether the shown run is the one that is being trained now."""
        return self.live_run is not None and not self.live_run.ended and self.run_folder == self.live_folder

    @property
    def is_training(self) -> bool:
        """Whether any run is being trained now, shown or not."""
        return self.live_run is not None and not self.live_run.ended

    @property
    def is_importing(self) -> bool:
        """Whether an adapter is being judged now."""
        return self.import_run is not None and not self.import_run.ended

    @property
    def can_start(self) -> bool:
        """Whether Start would train: a model and data are there, nothing is in the way and nothing is being trained."""
        in_the_way = self.plan.blocked or self.wrong_fields or self.is_training
        return self.model is not None and self.report is not None and not in_the_way

    async def ask_desk(self, question: Callable[Concatenate[Desk, P], T], *args: P.args, **options: P.kwargs) -> T:
        """The desk's answer. One question at a time: a second thread waiting for the desk could wake it after it was closed."""
        async with self._one_at_the_desk:
            return await self.background.call(question, self.desk, *args, **options)

    def say(self, status: str) -> None:
        """Shows this sentence in the status line."""
        self.status = status
        self.status_changed.emit(status)

    def refuse(self, problem: Problem) -> None:
        """Shows why something was not done."""
        self.problem = problem
        self.problem_raised.emit(problem)

    def keep_settings(self, **changes: object) -> None:
        """Remembers choices for the next start; a full disk must not stop the work, so it is only said."""
        self.settings = self.settings.model_copy(update=changes)
        try:
            save_settings(self.settings)
        except (CannotStart, OSError) as error:
            _log.warning("The settings could not be saved: %s", error)
            self.say(self.tr("Your choices could not be remembered: {reason}").format(reason=error))
