"""The adapter that training goes on from: read by the desk after every edit that touches it, and judged as `phitune plan` does."""

from typing import Any

from qasync import asyncSlot

from phitune_gui.core.adapter import another_adapter
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.jobs.questions import ask_start
from phitune_gui.ui.session_inputs import SessionInputs


class SessionStart(SessionInputs):
    """`start_technique` is the adapter's own technique where it could be read, `start_problem` why training cannot go on from it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.model_changed.connect(self._start_edited)

    def begin_afresh(self) -> None:
        """Trains a fresh adapter instead of going on from one."""
        self.set_value("model.adapter", "")

    def take_start_technique(self) -> None:
        """Sets the technique to that of the adapter, as one undo step."""
        if self.start_technique is not None:
            self._edit(self.recipe.model_copy(update={"technique": self.start_technique}))

    def _show_recipe(self, recipe: Recipe) -> None:
        before = self.recipe
        super()._show_recipe(recipe)
        if (recipe.model, recipe.technique) != (before.model, before.technique):
            self._start_edited()

    def _start_edited(self) -> None:
        if not self.recipe.model.adapter:
            self.start_technique = self.start_problem = None
        elif self.model is not None and self.model.usable:
            self.read_start()

    @asyncSlot()
    async def read_start(self) -> None:
        """Asks the desk what the adapter is and plans with the answer; an edit meanwhile has asked again."""
        asked = recipe, model = self.recipe, self.model
        if model is None:
            return
        try:
            own, problem = (await self.ask_desk(ask_start, recipe, model)).technique, None
            if own != recipe.technique:
                problem = another_adapter(own)
        except CannotStart as refusal:
            own, problem = None, refusal.problem
        if asked == (self.recipe, self.model):
            self.start_technique, self.start_problem = own, problem
            self._plan_timer.start()
