"""One editor per kind of field: whole numbers, numbers that may be empty, choices, yes or no, lists of names, text."""

import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox, QWidget

from phitune_gui.ui.translation import choice_words, declared
from phitune_gui.ui.widgets.field_limits import allowed_text, as_declared, within_limits
from phitune_gui.ui.widgets.words import restyle

WIDTH = 176
LARGE = 10_000
"""Above this a step of one leads nowhere."""


class FieldEditor(QObject):
    """Shows a value in `widget`, tells of edits by a person."""

    edited = Signal(object)
    wrong = Signal(str)
    """Why what is typed cannot be used; empty as soon as it can."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.widget = widget
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self)

    def show_value(self, value: Any) -> None:
        """Shows the value without telling of it."""
        raise NotImplementedError

    def show_unit(self, unit: str) -> bool:
        """Shows the unit beside the value; False where there is no room for it."""
        return False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls the page instead of changing a value that has no focus."""
        if isinstance(event, QWheelEvent) and watched is self.widget and not self.widget.hasFocus():
            event.ignore()
            return True
        return False


class _Whole(FieldEditor):
    def __init__(self, low: int, high: int) -> None:
        self._spin = QSpinBox()
        super().__init__(self._spin)
        self._spin.setRange(low, high)
        self._spin.setFixedWidth(WIDTH)
        self._spin.setKeyboardTracking(False)
        self._spin.setGroupSeparatorShown(True)
        self._spin.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType if high > LARGE else QSpinBox.StepType.DefaultStepType)
        self._spin.valueChanged.connect(lambda value: self.edited.emit(value))

    def show_unit(self, unit: str) -> bool:
        self._spin.setSuffix(f" {unit}")
        return True

    def show_value(self, value: Any) -> None:
        self._spin.blockSignals(True)
        self._spin.setValue(int(value))
        self._spin.blockSignals(False)


class _Typed(FieldEditor):
    """A line of text that is read as a number, a list or as it is; empty means None where the field allows it.

    What cannot be used stays as it was typed, marked, until it is mended or the value is shown anew.
    """

    def __init__(self, read: Any, field: FieldInfo, kind: Any, optional: bool) -> None:
        self._line = QLineEdit()
        super().__init__(self._line)
        self._read, self._field, self._kind, self._optional = read, field, kind, optional
        self._shown: Any = None
        self._told = ""
        self._line.setFixedWidth(WIDTH)
        if optional:
            self._line.setPlaceholderText(self.tr("automatic"))
        self._line.editingFinished.connect(self._finished)
        self._line.textEdited.connect(lambda _text: self._mark(self._fault()))

    def show_value(self, value: Any) -> None:
        if value == self._shown and self._line.hasFocus() and self._line.property("wrong"):
            return
        self._shown = value
        self._line.setText(_written(value))
        self._mark("")

    def _finished(self) -> None:
        fault = self._fault()
        self._mark(fault)
        if not fault and (value := self._value()) != self._shown:
            self.edited.emit(value)

    def _value(self) -> Any:
        text = self._line.text().strip()
        return None if self._optional and not text else self._read(text)

    def _fault(self) -> str:
        """Why the text cannot be used; empty when it can."""
        try:
            if within_limits(self._field, self._value()):
                return ""
        except ValueError:
            pass
        said = self.tr("“{text}” is not possible here: please type {allowed}.")
        return said.format(text=self._line.text(), allowed=allowed_text(self._field, self._kind, optional=self._optional))

    def _mark(self, fault: str) -> None:
        if bool(self._line.property("wrong")) != bool(fault):
            self._line.setProperty("wrong", bool(fault))
            restyle(self._line)
        if fault != self._told:
            self._told = fault
            self.wrong.emit(fault)


class _Choice(FieldEditor):
    def __init__(self, choices: Mapping[Any, str]) -> None:
        self._combo = QComboBox()
        super().__init__(self._combo)
        self._combo.setMinimumWidth(WIDTH)
        self._values = list(choices)
        self._combo.addItems(list(choices.values()))
        self._combo.activated.connect(lambda place: self.edited.emit(self._values[place]))

    def show_value(self, value: Any) -> None:
        self._combo.setCurrentIndex(self._values.index(value) if value in self._values else -1)


class _YesNo(FieldEditor):
    def __init__(self) -> None:
        self._check = QCheckBox()
        super().__init__(self._check)
        self._check.setFixedWidth(WIDTH)
        self._check.clicked.connect(lambda checked: self.edited.emit(checked))

    def show_value(self, value: Any) -> None:
        self._check.setChecked(bool(value))


def editor_for(field: FieldInfo, choices: Mapping[Any, str] | None = None) -> FieldEditor:
    """The editor that suits the field's annotation; `choices` (value: label) make it a list to choose from."""
    kind, optional = _without_none(field.annotation)
    if choices is not None:
        return _Choice(choices)
    if get_origin(kind) is Literal:
        return _Choice({value: declared(choice_words(value)) for value in get_args(kind)})
    if kind is bool:
        return _YesNo()
    if kind is int and not optional:
        low, high = _limits(field)
        return _Whole(low, high)
    if kind in (int, float):
        return _Typed(kind, field, kind, optional)
    if get_origin(kind) is tuple:
        return _Typed(
            lambda text: as_declared(field, tuple(part.strip() for part in text.split(",") if part.strip())), field, kind, optional
        )
    return _Typed(str, field, kind, optional)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return kinds[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _limits(field: FieldInfo) -> tuple[int, int]:
    low, high = 0, 2**31 - 1
    for limit in field.metadata:
        low = int(getattr(limit, "ge", low))
        high = int(getattr(limit, "le", high))
    return low, high


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        small = 0 < abs(value) < 0.01
        mantissa, _, power = f"{value:.4e}".partition("e")
        return f"{float(mantissa):g}e{int(power)}" if small else f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
