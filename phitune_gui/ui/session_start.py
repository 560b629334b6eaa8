"""The adapter that training goes on from: read by the desk after every edit that touches it, and judged by the plan."""

from typing import Any

from qasync import asyncSlot

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.jobs.questions import ask_start
from phitune_gui.ui.session_inputs import SessionInputs


class SessionStart(SessionInputs):
    """`start` is what was read of it for the shown model; None while nothing was, or where training begins afresh."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.model_changed.connect(self._start_edited)

    def begin_afresh(self) -> None:
        """Trains a fresh adapter instead of going on from one."""
        self.set_value("model.adapter", "")

    def take_start_technique(self) -> None:
        """Sets the technique to that of the adapter, as one undo step."""
        if self.start is not None and self.start.technique is not None:
            self._edit(self.recipe.model_copy(update={"technique": self.start.technique}))

    def _show_recipe(self, recipe: Recipe) -> None:
        before = self.recipe
        super()._show_recipe(recipe)
        if recipe.model != before.model:
            self._start_edited()

    def _start_edited(self) -> None:
        self.start = None
        if self.recipe.model.adapter and self.model is not None and self.model.usable:
            self.read_start()

    @asyncSlot()
    async def read_start(self) -> None:
        """Asks the desk what the adapter is and plans with the answer; an edit meanwhile has asked again."""
        recipe, model = self.recipe, self.model
        if model is None:
            return
        try:
            start = await self.ask_desk(ask_start, recipe, model)
        except CannotStart as refusal:
            self.refuse(refusal.problem)
            return
        if (recipe.model, model) == (self.recipe.model, self.model):
            self.start = start
            self._plan_timer.start()
