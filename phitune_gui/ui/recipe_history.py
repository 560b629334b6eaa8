"""Undo and redo of recipe edits: every edit is one step, because recipes are frozen values."""

from phitune_gui.core.recipe import Recipe

LIMIT = 200


class RecipeHistory:
    """The recipes before and after the one that is shown."""

    def __init__(self) -> None:
        self._before: list[Recipe] = []
        self._after: list[Recipe] = []

    def add(self, shown: Recipe) -> None:
        """Remembers the recipe that an edit is about to replace."""
        self._before = [*self._before, shown][-LIMIT:]
        self._after = []

    def undo(self, shown: Recipe) -> Recipe:
        """The recipe before the newest edit; the shown one when there is none."""
        if not self._before:
            return shown
        self._after.append(shown)
        return self._before.pop()

    def redo(self, shown: Recipe) -> Recipe:
        """The recipe that was undone last; the shown one when there is none."""
        if not self._after:
            return shown
        self._before.append(shown)
        return self._after.pop()

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether an edit was taken back."""
        return bool(self._after)
