"""How a run is started: the chosen way in a line, and on request every way as a card with what it buys or why it does not work here."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.catalog.launchers import Launcher
from phitune_gui.core.recipe import LauncherSection, Recipe
from phitune_gui.planning.launchers import LauncherRow, heeded_fields
from phitune_gui.ui.field_titles import with_titles
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.choice_card import ChoiceCard
from phitune_gui.ui.widgets.deepspeed_form import DeepSpeedForm
from phitune_gui.ui.widgets.options_form import OptionsForm
from phitune_gui.ui.widgets.words import set_kind, words


class LauncherTile(ChoiceCard):
    """One way to start: what it does, when to take it, and what it makes of this run."""

    def __init__(self, offered: Launcher) -> None:
        super().__init__()
        self.id = offered.id
        self.body.setContentsMargins(12, 9, 12, 9)
        self.body.setSpacing(3)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(words(declared(offered.label), "strong"))
        head.addStretch(1)
        self.not_here = words(self.tr("not here"), "bad")
        head.addWidget(self.not_here)
        self.body.addLayout(head)
        self.told = f"{declared(offered.summary)} {declared(offered.when)}".strip()
        self.body.addWidget(words(self.told, "small", wrap=True))
        self.here = words("", "small", wrap=True)
        self.body.addWidget(self.here)
        self.setAccessibleName(declared(offered.label))
        self.show_row(None)
        self.seal()

    def show_row(self, row: LauncherRow | None) -> None:
        """Shows what it buys or why it does not work here; grey where nothing would help."""
        works = row is None or row.works_here
        said = "" if row is None else with_titles(row.reason or row.buys)
        self.not_here.setVisible(not works)
        set_kind(self.here, "small" if works else "wrong")
        self.here.setText(said)
        self.here.setVisible(bool(said))
        self.setEnabled(row is None or row.can_be_chosen)
        self.setAccessibleDescription(f"{self.told} {said}".strip())


class LauncherCard(Card):
    """Emits `chosen` with the id of a launcher that a person pressed; `forms` edit what the chosen one heeds."""

    chosen = Signal(str)

    def __init__(self, launchers: Sequence[Launcher]) -> None:
        super().__init__()
        self._offered = {offered.id: offered for offered in launchers}
        self.line = words("", "small", wrap=True)
        self.more = Button("", "link")
        self.more.setCheckable(True)
        self.tiles = {offered.id: LauncherTile(offered) for offered in launchers}
        simple = [name for name in LauncherSection.model_fields if name not in ("id", "deepspeed")]
        self.options = {name: OptionsForm(LauncherSection, "launcher", (name,)) for name in simple}
        self.deepspeed = DeepSpeedForm()
        self.forms: Mapping[str, OptionsForm | DeepSpeedForm] = {**self.options, "deepspeed": self.deepspeed}
        self._build()
        self._fold(False)

    def _build(self) -> None:
        said = QVBoxLayout()
        said.setSpacing(2)
        said.addWidget(words(declared(LauncherSection.model_fields["id"].title or ""), "body"))
        said.addWidget(self.line)
        head = QHBoxLayout()
        head.addLayout(said, 1)
        head.addWidget(self.more)
        self.body.addLayout(head)
        self.inside = QWidget()
        self.inside.setObjectName("plain")
        column = QVBoxLayout(self.inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._group = QButtonGroup(self)
        for tile in self.tiles.values():
            self._group.addButton(tile)
            column.addWidget(tile)
            tile.clicked.connect(lambda _checked, id=tile.id: self.chosen.emit(id))
        for form in self.forms.values():
            column.addWidget(form)
        self.body.addWidget(self.inside)
        self.more.toggled.connect(self._fold)

    def show_recipe(self, recipe: Recipe) -> None:
        """Marks the recipe's launcher and shows the fields that it heeds."""
        section = recipe.launcher
        offered = self._offered.get(section.id)
        heeded = heeded_fields(offered) if offered else ()
        for name, form in self.forms.items():
            form.setVisible(name in heeded and (name != "rendezvous" or section.nodes > 1))
        for form in self.options.values():
            form.show_values(section, LauncherSection())
        self.deepspeed.show_recipe(recipe)
        self._group.setExclusive(offered is not None)  # none is marked where the recipe names one that is not known
        for id, tile in self.tiles.items():
            tile.setChecked(id == section.id)
        label = declared(offered.label) if offered else section.id
        parts = [label]
        if section.processes > 1:
            parts.append(self.tr("{count} processes").format(count=section.processes))
        if section.nodes > 1:
            parts.append(self.tr("{count} machines").format(count=section.nodes))
        self.line.setText(" · ".join(parts))

    def show_rows(self, rows: Sequence[LauncherRow]) -> None:
        """Shows what each way would make of this run."""
        for row in rows:
            self.tiles[row.id].show_row(row)

    def _fold(self, opened: bool) -> None:
        self.inside.setVisible(opened)
        fewer, every = self.tr("Show fewer"), self.tr("Show all {count} ways to start").format(count=len(self.tiles))
        self.more.setText(fewer if opened else every)
        self.more.setAccessibleName(self.more.text())
