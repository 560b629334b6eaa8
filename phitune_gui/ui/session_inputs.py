"""The recipe's side of the session: edits with undo, the chosen model, the data and the plan that follows from them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QTimer
from qasync import asyncSlot

from phitune_gui.catalog.formats import columns_for, template
from phitune_gui.core.messages import Conversation
from phitune_gui.core.plan import Change
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.recipe import MAX_SOURCES, DataSection, DataSource, Recipe, ValidationSection
from phitune_gui.data.requests import SAMPLE_ROWS
from phitune_gui.jobs.desk import Cancelled
from phitune_gui.planning.plan import make_plan
from phitune_gui.store.paths import runs_folder, starter_folder
from phitune_gui.store.recipes import load_recipe, save_recipe, sentence, with_setting
from phitune_gui.ui import desk_calls
from phitune_gui.ui.recipe_history import RecipeHistory
from phitune_gui.ui.session_state import SessionState

PLAN_DELAY_MS = 40
INSPECT_DELAY_MS = 200
TRY_DELAY_MS = 120


class SessionInputs(SessionState):
    """Every edit goes through `_edit`; what depends on the recipe follows by itself."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.history = RecipeHistory()
        self._inspect_again = False
        self._plan_timer = self._timer(PLAN_DELAY_MS, self._make_plan)
        self._inspect_timer = self._timer(INSPECT_DELAY_MS, self.inspect)
        self.data_columns: tuple[str, ...] = ()
        self.first_row: Conversation | None = None
        self.first_row_problem: Problem | None = None
        self._tried: DataSection | None = None
        self._try_timer = self._timer(TRY_DELAY_MS, self._read_first_row)

    def _timer(self, milliseconds: int, slot: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        return timer

    # edits

    def set_value(self, name: str, value: Any) -> None:
        """Sets the recipe's field of the dotted name as one undo step; a value that is not allowed is refused."""
        try:
            self._edit(with_setting(self.recipe, name, value))
        except CannotStart as refusal:
            self.recipe_changed.emit()  # the editor shows the recipe's value again
            self.refuse(refusal.problem)

    def mark_field(self, name: str, fault: str) -> None:
        """Remembers that something is typed there that cannot be used, and why; an empty fault takes it back."""
        others = {field: why for field, why in self.wrong_fields.items() if field != name}
        self.wrong_fields = others | ({name: fault} if fault else {})
        self.plan_changed.emit()

    def forget_fields(self, prefix: str) -> None:
        """The fields whose names begin so are no longer shown."""
        self.wrong_fields = {name: fault for name, fault in self.wrong_fields.items() if not name.startswith(prefix)}

    def reset_value(self, name: str) -> None:
        """Sets the field back to its default; a technique's option is left to its technique."""
        section, _, option = name.rpartition(".")
        if section == "technique" and option != "id":
            document = self.recipe.model_dump()
            document["technique"].pop(option, None)
            self._edit(Recipe.model_validate(document))
            return
        value: Any = Recipe()
        for part in name.split("."):
            value = getattr(value, part)
        self.set_value(name, value)

    def make_changes(self, changes: Sequence[Change]) -> None:
        """Sets several fields as one undo step."""
        recipe = self.recipe
        try:
            for change in changes:
                recipe = with_setting(recipe, change.field, change.value)
        except CannotStart as refusal:
            self.refuse(refusal.problem)
        else:
            self._edit(recipe)

    def undo(self) -> None:
        """Takes the newest edit back."""
        self._show_recipe(self.history.undo(self.recipe))

    def redo(self) -> None:
        """Makes the edit that was taken back again."""
        self._show_recipe(self.history.redo(self.recipe))

    def new_recipe(self) -> None:
        """Begins with nothing chosen; one undo step."""
        self._edit(Recipe())
        self.say(self.tr("A new recipe. Undo brings the one before back."))
        self.page_requested.emit("home")

    @asyncSlot()
    async def open_recipe(self, path: str | Path) -> None:
        """Shows the recipe of a file; one undo step. A thread reads it, because the largest takes longer than a slot may."""
        try:
            recipe = await self.background.call(load_recipe, Path(path))
        except CannotStart as refusal:
            self.refuse(refusal.problem)
            return
        self._edit(recipe)
        self.say(self.tr("Opened {name}").format(name=Path(path).name))
        self.page_requested.emit("tune")

    def save_recipe(self, path: str | Path) -> None:
        """Writes the shown recipe as a file."""
        try:
            save_recipe(self.recipe, Path(path))
        except CannotStart as refusal:
            self.refuse(refusal.problem)
        else:
            self.say(self.tr("Saved {name}").format(name=Path(path).name))

    def _edit(self, recipe: Recipe) -> None:
        if recipe != self.recipe:
            self.history.add(self.recipe)
        self._show_recipe(recipe)

    def _show_recipe(self, recipe: Recipe) -> None:
        before, self.recipe = self.recipe, recipe
        self.recipe_changed.emit()
        if recipe.model.path != before.model.path:
            self.read_model()
        if (recipe.data, recipe.training.seed) != (before.data, before.training.seed):
            self._data_edited([source.path for source in recipe.data.sources] != [source.path for source in before.data.sources])
        self._plan_timer.start()

    # model

    def choose_model(self, path: str | Path) -> None:
        """Tunes the model of this folder."""
        self.set_value("model.path", str(path))
        self.keep_settings(last_model=str(path))

    @asyncSlot()
    async def read_model(self) -> None:
        """Reads the chosen folder's facts; the list's entry serves where there is one."""
        path = self.recipe.model.path
        self.model = next((model for model in self.models if model.path == path), None)
        if self.model is None and path:
            try:
                model = await self.ask_desk(desk_calls.read_model, path)
            except CannotStart as refusal:
                self.refuse(refusal.problem)
                return
            if path != self.recipe.model.path:
                return
            self.model = model
            if path not in {known.path for known in self.models}:
                self.models = (*self.models, model)
                self.models_changed.emit()
        self.model_changed.emit()
        self._plan_timer.start()
        if self.recipe.data.sources:
            self._inspect_timer.start()

    @asyncSlot()
    async def scan_models(self) -> None:
        """Looks through the model folders again."""
        if self.scanning:
            return
        self.scanning = True
        self.models_changed.emit()
        try:
            found = await self.ask_desk(desk_calls.scan_models, self.model_places())
            apart = tuple(model for model in self.models if model.path == self.recipe.model.path)
            self.models = found if any(model.path == self.recipe.model.path for model in found) else (*found, *apart)
        except CannotStart as refusal:
            self.refuse(refusal.problem)
        finally:
            self.scanning = False
            self.models_changed.emit()

    def model_places(self) -> list[str]:
        """The folders that are searched for models: PhiTune's own and those the person named."""
        from phitune_gui.store.model_folder.search import huggingface_cache

        return [str(starter_folder().parent), *self.settings.model_folders, str(huggingface_cache())]

    def add_model_folder(self, path: str | Path) -> None:
        """Searches this folder too, now and later."""
        if str(path) not in self.settings.model_folders:
            self.keep_settings(model_folders=(*self.settings.model_folders, str(path)))
        self.scan_models()

    # data

    def add_data(self, paths: Sequence[str | Path], validation: Path | None = None) -> None:
        """Learns from these files too, as one undo step with the file to judge by; a file that is there already is not added twice."""
        known = {source.path for source in self.recipe.data.sources}
        try:
            new = tuple(DataSource(path=str(path)) for path in dict.fromkeys(paths) if str(path) not in known)
            held_out = self.recipe.data.validation
            if validation is not None:
                held_out = ValidationSection(path=str(validation), percent=held_out.percent)
        except ValidationError as error:
            self.refuse(Problem(where="data.sources", what=sentence(error), how_to_fix=self.tr("Rename the file.")))
            return
        if len(known) + len(new) > MAX_SOURCES:
            what = self.tr("{count} files are too many: a recipe names at most {most}.")
            fix = self.tr("Put the rows into fewer files.")
            self.refuse(Problem(where="data.sources", what=what.format(count=len(known) + len(new), most=MAX_SOURCES), how_to_fix=fix))
        elif new or validation is not None:
            self._set_sources((*self.recipe.data.sources, *new), held_out)

    def remove_data(self, index: int) -> None:
        """Does not learn from the file at this place of the list."""
        self._set_sources(tuple(source for place, source in enumerate(self.recipe.data.sources) if place != index))

    def set_validation_file(self, path: str | Path | None) -> None:
        """Judges by the rows of this file; None holds rows of the dataset out instead."""
        self.set_value("data.validation.path", None if path is None else str(path))

    def choose_format(self, format_id: str) -> None:
        """Understands rows in this way; `auto` looks at the rows. What was said of columns goes along where it means something."""
        data = self.recipe.data
        columns = columns_for(format_id, data.format, data.columns, self.data_columns)
        self._edit(with_setting(with_setting(self.recipe, "data.columns", columns), "data.format", format_id))

    def try_templates(self, texts: Mapping[str, str]) -> None:
        """Shows soon what the first row becomes with these texts, whether or not they are kept."""
        tried = self.recipe.data.model_copy(update={"format": template.FORMAT.id, "columns": dict(texts)})
        if tried != self._tried:
            self._tried = tried
            self._try_timer.start()

    @asyncSlot()
    async def _read_first_row(self) -> None:
        """The newest text wins: an answer to an older one is passed over."""
        tried = self._tried
        if tried is None or not tried.sources:
            return
        row, problem = None, None
        try:
            row = await self.ask_desk(desk_calls.first_row, tried)
        except CannotStart as refusal:
            problem = refusal.problem
        if tried == self._tried:
            self.first_row, self.first_row_problem = row, problem
            self.first_row_changed.emit()

    def show_row(self, number: int) -> None:
        """Shows how the model will see row `number` (from 0)."""
        self.preview_row = max(0, number)
        self.refresh_preview()

    def _set_sources(self, sources: tuple[DataSource, ...], held_out: ValidationSection | None = None) -> None:
        data = self.recipe.data.model_copy(update={"sources": sources, "validation": held_out or self.recipe.data.validation})
        self._edit(self.recipe.model_copy(update={"data": data}))
        self.keep_settings(last_data=tuple(source.path for source in sources))

    def _data_edited(self, other_files: bool) -> None:
        if other_files:
            self.forget_fields("data.sources.")
            self.report = self.preview = self.data_problem = None
            self.preview_row, self.data_columns = 0, ()
            self.report_changed.emit()
            self.preview_changed.emit()
        if self.recipe.data.sources:
            self._inspect_timer.start()
        elif self.inspecting:
            self.desk.cancel(desk_calls.INSPECT)

    @asyncSlot()
    async def inspect(self) -> None:
        """Asks the desk what is in the data; an edit meanwhile takes that back and asks again, so the newest recipe always wins."""
        self._inspect_again = True
        if self.inspecting:
            self.desk.cancel(desk_calls.INSPECT)
            return
        self.inspecting = True
        self.report_changed.emit()
        try:
            while self._inspect_again:
                self._inspect_again = False
                await self._inspect_once(self.recipe)
        finally:
            self.inspecting = False
            self.report_changed.emit()
        self.refresh_preview()

    async def _inspect_once(self, recipe: Recipe) -> None:
        """First a look at the beginning, which is shown at once; then, where there is more, everything."""
        self.report, self.data_problem = None if not recipe.data.sources else self.report, None
        if recipe.data.sources:
            try:
                looked = await self.ask_desk(desk_calls.inspect_data, recipe, self.model, SAMPLE_ROWS)
                self.report = looked
                if looked.rows >= SAMPLE_ROWS:
                    self.report_changed.emit()
                    self._plan_timer.start()
                    await self._preview_once()
                    if recipe.data != self.recipe.data:
                        return
                    self.report = await self.ask_desk(desk_calls.inspect_data, recipe, self.model, None, self._told())
            except Cancelled:
                self.report = self.report if self.recipe.data.sources else None
            except CannotStart as refusal:
                self.report, self.data_problem = None, refusal.problem
            found = self.report or self.data_problem
            self.data_columns = (found.columns if found else ()) or self.data_columns
            self.inspected = None
        self._plan_timer.start()

    def _told(self) -> Callable[[float, int], None]:
        """What the thread that asks may call: the figure is shown by the window's own thread."""
        loop = asyncio.get_running_loop()

        def show(share: float) -> None:
            self.inspected = share if self.inspecting else None
            self.inspect_progressed.emit()

        def tell(share: float, _rows: int) -> None:
            with suppress(RuntimeError):  # the window was closed meanwhile
                loop.call_soon_threadsafe(show, share)

        return tell

    @asyncSlot()
    async def refresh_preview(self) -> None:
        """Asks the desk how the model will see the shown row; needs a model with a tokenizer."""
        await self._preview_once()

    async def _preview_once(self) -> None:
        asked = self.recipe, self.model, self.preview_row
        recipe, model, row = asked
        if not recipe.data.sources or model is None or not model.has_tokenizer or self.report is None or not self.report.rows:
            self.preview = None
        else:
            try:
                preview = await self.ask_desk(desk_calls.preview_row, recipe, model, row)
            except CannotStart as refusal:
                self.preview, self.preview_problem = None, refusal.problem
            else:
                if asked != (self.recipe, self.model, self.preview_row):
                    return
                self.preview, self.preview_problem = preview, None
        self.preview_changed.emit()

    # plan

    def _make_plan(self) -> None:
        self._plan_timer.stop()
        if self.hardware is None:
            return
        extra = (self.data_problem,) if self.data_problem is not None else ()
        self.plan = make_plan(self.recipe, self.model, self.report, self.hardware, extra, self.start)
        self.plan_changed.emit()

    @asyncSlot()
    async def probe_hardware(self) -> None:
        """Finds out what this machine is, then plans for it."""
        from phitune_gui.jobs.machine import probe_hardware

        self.hardware = await self.background.call(probe_hardware, runs_folder())
        self.hardware_changed.emit()
        self._make_plan()

    async def settled(self) -> None:
        """Waits until the desk has answered everything that was asked so far."""
        while self.inspecting or self._inspect_timer.isActive() or self._plan_timer.isActive():
            await asyncio.sleep(0.01)
