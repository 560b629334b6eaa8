"""Texts with the dataset's columns in braces, one for each part of a conversation, and what the first row becomes with them."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import hairline
from phitune_gui.ui.widgets.flow_row import FlowRow
from phitune_gui.ui.widgets.words import set_kind, words

MOST_CHIPS = 40
MOST_LINES = 6
AROUND = 24
"""Height of a field beside its lines: border, padding and the document's own margin."""
LONGEST_SHOWN = 600
"""Letters of a turn that are shown of the first row."""


class TemplateField(QPlainTextEdit):
    """A text that grows with its lines; `finished` when the person goes elsewhere."""

    finished = Signal()
    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setAcceptDrops(False)  # files dropped on it belong to the window
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._grow())
        self._grow()

    def show_text(self, text: str) -> None:
        """Shows the text, unless it stands there already: the cursor then stays where the person writes."""
        if text != self.toPlainText():
            self.setPlainText(text)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._grow()  # now in the window's font

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason and self.window().isVisible():  # a closed window keeps nothing
            self.finished.emit()

    def _grow(self) -> None:
        lines = max(1, int(self.document().size().height()))
        scrolls = Qt.ScrollBarPolicy.ScrollBarAsNeeded if lines > MOST_LINES else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(scrolls)
        self.setFixedHeight(min(lines, MOST_LINES) * self.fontMetrics().lineSpacing() + AROUND)


class TemplateForm(QWidget):
    """`typed` while the person writes, `edited` when that is to be kept; both carry role -> text, without the empty ones."""

    typed = Signal(object)
    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self.fields: dict[str, TemplateField] = {}
        self.chips: list[Button] = []
        self._roles: tuple[tuple[str, str], ...] = ()
        self._columns: tuple[str, ...] = ()
        self._kept: dict[str, str] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        help_text = self.tr("Press a column to put it where the cursor stands. {{ and }} are the braces themselves.")
        column.addWidget(words(help_text, "small", wrap=True))
        self._shelf = QWidget()
        self._shelf.setObjectName("plain")
        self._shelf.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # with the field as its proxy, a pressed chip leaves the focus there
        self._chips = FlowRow(self._shelf)
        column.addWidget(self._shelf)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        column.addWidget(hairline())
        self.heading = words(self.tr("What the first row becomes"), "strong")
        column.addWidget(self.heading)
        self._turns = QGridLayout()
        self._turns.setHorizontalSpacing(16)
        self._turns.setVerticalSpacing(6)
        self._turns.setColumnStretch(1, 1)
        column.addLayout(self._turns)
        self.said = words("", "small", wrap=True)
        column.addWidget(self.said)

    @property
    def texts(self) -> dict[str, str]:
        """What stands in the fields, without the empty ones."""
        return {role: text for role, field in self.fields.items() if (text := field.toPlainText()).strip()}

    def show_templates(self, roles: Sequence[tuple[str, str]], columns: Sequence[str], chosen: Mapping[str, str]) -> None:
        """`roles` are (id, help); `columns` the dataset's; `chosen` what the recipe says. What is being written is left alone."""
        if tuple(roles) != self._roles:
            self._roles, self._kept = tuple(roles), {}
            self._build_fields()
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._build_chips()
        for role, field in self.fields.items():
            text = chosen.get(role, "")
            if text != self._kept.get(role):
                self._kept[role] = text
                field.show_text(text)

    def show_turns(self, turns: Sequence[tuple[str, str]], refusal: str = "") -> None:
        """Shows the first row as (role, text) pairs, or why there is nothing to show."""
        _empty(self._turns)
        for row, (role, text) in enumerate(turns):
            shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
            self._turns.addWidget(words(role, "key"), row, 0, Qt.AlignmentFlag.AlignTop)
            self._turns.addWidget(words(shown, "body", wrap=True, selectable=True), row, 1)
        self.said.setText(refusal)
        set_kind(self.said, "wrong" if refusal else "small")
        self.said.setVisible(bool(refusal))

    def insert(self, name: str) -> None:
        """Puts the column where the cursor stands in the field that was written in last, else into the first with a text."""
        field = self._shelf.focusProxy() or next((each for each in self.fields.values() if each.toPlainText()), None)
        if isinstance(field, TemplateField):
            field.insertPlainText(f"{{{name}}}")
            field.setFocus()

    def _build_fields(self) -> None:
        _empty(self._grid)
        self.fields = {}
        for row, (role, help_text) in enumerate(self._roles):
            field = self.fields[role] = TemplateField()
            field.setAccessibleName(role)
            field.setAccessibleDescription(help_text)
            field.setPlaceholderText(help_text)
            field.textChanged.connect(lambda: self.typed.emit(self.texts))
            field.finished.connect(self._keep)
            field.entered.connect(lambda field=field: self._shelf.setFocusProxy(field))
            label = words(role, "body")
            label.setToolTip(help_text)
            label.setBuddy(field)
            label.setContentsMargins(0, 9, 0, 0)
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(field, row, 1)
            for grid in (self._grid, self._turns):  # texts stand below the fields that they come from
                grid.setColumnMinimumWidth(0, max(grid.columnMinimumWidth(0), label.sizeHint().width()))

    def _build_chips(self) -> None:
        for chip in self.chips:
            self._chips.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        named = [name for name in self._columns if name.strip() and not {"{", "}"} & set(name)]
        self.chips = []
        for name in named[:MOST_CHIPS]:
            chip = Button(name, "chip", name=self.tr("Put in the column {column}").format(column=name))
            chip.setCheckable(False)
            chip.setToolTip(f"{{{name}}}")
            chip.clicked.connect(lambda _checked=False, name=name: self.insert(name))
            self._chips.addWidget(chip)
            self.chips.append(chip)

    def _keep(self) -> None:
        if self.texts != {role: text for role, text in self._kept.items() if text.strip()}:
            self._kept = {role: field.toPlainText() for role, field in self.fields.items()}
            self.edited.emit(self.texts)


def _empty(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
