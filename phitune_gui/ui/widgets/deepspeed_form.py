"""DeepSpeed's JSON: the keys that a person adds, checked while they are typed, and all that DeepSpeed is told with them."""

import json
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.launchers.zero_keys import key_problems
from phitune_gui.catalog.launchers.zero_settings import zero_settings
from phitune_gui.core.recipe import LauncherSection, Recipe
from phitune_gui.ui.field_titles import with_titles
from phitune_gui.ui.theme import fixed_font
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.words import set_kind, words

NAME = "launcher.deepspeed"
_PAUSE_MS = 400
"""Typing is checked when it rests so long."""
_FIELD = LauncherSection.model_fields["deepspeed"]


class DeepSpeedForm(QWidget):
    """Tells of edits as the forms of other fields do."""

    edited = Signal(str, object)
    reset_asked = Signal(str)
    wrong = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("plain")
        self._added: dict[str, Any] = {}
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        title, self._help_text = declared(_FIELD.title or ""), declared(_FIELD.description or "")
        self.help = words(self._help_text, "small", wrap=True)
        self.added, self.told = QPlainTextEdit(), QPlainTextEdit()
        self.added.setAccessibleName(title)
        self.added.setPlaceholderText('{"zero_optimization": {"overlap_comm": true}}')
        self.added.setTabChangesFocus(True)
        self.told.setAccessibleName(self.tr("What DeepSpeed is told"))
        self.told.setReadOnly(True)
        for text, height in ((self.added, 130), (self.told, 220)):
            text.setFont(fixed_font())
            text.setFixedHeight(height)
        self.more = Button(self.tr("Show what DeepSpeed is told"), "link")
        self.more.setCheckable(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(6)
        for widget in (words(title, "body"), self.help, self.added, self.more, self.told):
            column.addWidget(widget)
        column.addStretch(1)
        self.told.hide()
        self.more.toggled.connect(self.told.setVisible)
        self.added.textChanged.connect(self._pause.start)
        self._pause.timeout.connect(self._read)

    def show_recipe(self, recipe: Recipe) -> None:
        """Shows the recipe's keys and what becomes of them; what is typed stays while the keys do and the launcher reads them."""
        stage = next((known.zero_stage for known in LAUNCHERS if known.id == recipe.launcher.id), None)
        if recipe.launcher.deepspeed != self._added or stage is None:
            self._pause.stop()
            self._added = recipe.launcher.deepspeed
            self.added.blockSignals(True)
            self.added.setPlainText(json.dumps(self._added, indent=2) if self._added else "")
            self.added.blockSignals(False)
            self._say(self._fault(self._added))
        self.told.setPlainText(json.dumps(zero_settings(recipe, stage), indent=2) if stage is not None else "")

    def _read(self) -> None:
        """Takes what is typed where it can be used."""
        text = self.added.toPlainText().strip()
        try:
            typed = json.loads(text) if text else {}
        except json.JSONDecodeError as error:
            self._say(self.tr("Line {line} is no JSON yet: {reason}.").format(line=error.lineno, reason=error.msg.lower()))
            return
        except (ValueError, RecursionError):
            typed = None
        if not isinstance(typed, dict):
            self._say(self.tr("These are no settings: write names and values in braces."))
            return
        fault = self._fault(typed)
        self._say(fault)
        if not fault and typed != self._added:
            self._added = typed
            self.edited.emit(NAME, typed)

    def _fault(self, settings: dict[str, Any]) -> str:
        return next((with_titles(f"{problem.what} {problem.how_to_fix}") for problem in key_problems(settings)), "")

    def _say(self, fault: str) -> None:
        self.help.setText(fault or self._help_text)
        set_kind(self.help, "wrong" if fault else "small")
        self.added.setAccessibleDescription(fault or self._help_text)
        self.wrong.emit(NAME, fault)
