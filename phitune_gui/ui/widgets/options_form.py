"""A form made from the declared fields of a value: label, help, unit, limits, and a way back to the default."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.core.value import Value
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import Button, IconButton
from phitune_gui.ui.widgets.card import hairline
from phitune_gui.ui.widgets.field_editors import FieldEditor, editor_for
from phitune_gui.ui.widgets.words import set_kind, words


class FieldRow(QWidget):
    """One field: its words on the left, its editor and unit on the right, the reset button when it was changed."""

    def __init__(self, name: str, model: type[Value], choices: Mapping[Any, str] | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        field = model.model_fields[name]
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        label, help_text = declared(field.title or name), declared(field.description or "")
        self.editor: FieldEditor = editor_for(field, choices)
        self.editor.widget.setAccessibleName(label)
        self.editor.widget.setAccessibleDescription(help_text)
        self.editor.widget.setToolTip(help_text)
        self.reset = IconButton("reset", self.tr("Back to the default: {field}").format(field=label), "bare")
        unit = declared(str(extra.get("unit", "")))
        shown_inside = bool(unit) and self.editor.show_unit(unit)
        said = QVBoxLayout()
        said.setSpacing(2)
        self.label = words(f"{label} ({unit})" if unit and not shown_inside else label, "body")
        self.label.setBuddy(self.editor.widget)
        said.addWidget(self.label)
        self._help_text, self.help = help_text, words(help_text, "small", wrap=True)
        self.editor.wrong.connect(self._show_fault)
        said.addWidget(self.help)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(8)
        row.addLayout(said, 1)
        row.addWidget(self.reset)
        row.addWidget(self.editor.widget)

    def show_value(self, value: Any, default: Any) -> None:
        """Shows the value and whether it differs from the default."""
        self.editor.show_value(value)
        changed = value != default
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.reset.setVisible(changed)
        font = self.label.font()
        font.setBold(changed)
        self.label.setFont(font)

    def _show_fault(self, fault: str) -> None:
        """Says in the place of the help what is wrong; the rows below must not move under the mouse."""
        self.help.setMinimumHeight(self.help.height() if fault and self.help.isVisible() else 0)
        self.help.setText(fault or self._help_text)
        set_kind(self.help, "wrong" if fault else "small")
        self.editor.widget.setAccessibleDescription(fault or self._help_text)


class OptionsForm(QWidget):
    """Fields `names` of a value class; those declared `advanced` are folded away until asked for."""

    edited = Signal(str, object)
    """Dotted name and new value."""
    reset_asked = Signal(str)
    wrong = Signal(str, str)
    """Dotted name, and why what is typed there cannot be used; empty as soon as it can."""

    def __init__(
        self, model: type[Value], prefix: str, names: Sequence[str] | None = None, choices: Mapping[str, Mapping[Any, str]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.setObjectName("plain")
        self._prefix = prefix
        self.rows: dict[str, FieldRow] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._folded = QWidget()
        self._folded.setObjectName("plain")
        folded = QVBoxLayout(self._folded)
        folded.setContentsMargins(0, 0, 0, 0)
        folded.setSpacing(0)
        for name in names or tuple(model.model_fields):
            place = folded if _is_advanced(model, name) else column
            if place.count():
                place.addWidget(hairline())
            place.addWidget(self._row(model, name, (choices or {}).get(name)))
        self.more = Button(self.tr("Advanced"), "link")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._fold)
        if folded.count():
            column.addWidget(self.more)
        column.addWidget(self._folded)
        self._folded.hide()

    def show_values(self, values: Value, defaults: Value) -> None:
        """Shows the values and marks those that differ from the defaults."""
        hidden_changes = 0
        for name, row in self.rows.items():
            value, default = getattr(values, name), getattr(defaults, name)
            row.show_value(value, default)
            hidden_changes += row.parent() is self._folded and value != default
        changed = self.tr("Advanced · {count} changed").format(count=hidden_changes)
        self.more.setText(changed if hidden_changes else self.tr("Advanced"))

    def _row(self, model: type[Value], name: str, choices: Mapping[Any, str] | None) -> FieldRow:
        row = self.rows[name] = FieldRow(name, model, choices)
        dotted = f"{self._prefix}.{name}" if self._prefix else name
        row.editor.edited.connect(lambda value, dotted=dotted: self.edited.emit(dotted, value))
        row.editor.wrong.connect(lambda fault, dotted=dotted: self.wrong.emit(dotted, fault))
        row.reset.clicked.connect(lambda _checked=False, dotted=dotted: self.reset_asked.emit(dotted))
        return row

    def _fold(self, opened: bool) -> None:
        self._folded.setVisible(opened)


def _is_advanced(model: type[Value], name: str) -> bool:
    extra = model.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("advanced"))
