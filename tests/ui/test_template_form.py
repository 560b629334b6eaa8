"""The form for templates: what is being written is left alone, chips put columns in, and fields are as high as their lines."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from pytestqt.qtbot import QtBot

from phitune_gui.ui.widgets.template_form import MOST_CHIPS, MOST_LINES, TemplateForm

ROLES = (("system", "How."), ("user", "What."), ("assistant", "The answer."))
CHOSEN = {"user": "{a}", "assistant": "{b}"}


def shown(qtbot: QtBot, columns: tuple[str, ...] = ("a", "b")) -> TemplateForm:
    form = TemplateForm()
    qtbot.addWidget(form)
    form.show_templates(ROLES, columns, CHOSEN)
    form.resize(600, 500)
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    return form


def test_what_is_being_written_is_left_alone_until_the_recipe_says_something_else(qtbot: QtBot) -> None:
    form = shown(qtbot)
    field = form.fields["user"]
    field.setFocus()
    QTest.keyClicks(field, "To ")
    form.show_templates(ROLES, ("a", "b", "c"), CHOSEN)  # a report came meanwhile

    assert field.toPlainText() == "To {a}"
    form.show_templates(ROLES, ("a", "b", "c"), {**CHOSEN, "user": "{c}"})
    assert field.toPlainText() == "{c}"


def test_texts_are_told_while_they_are_written_and_kept_when_the_field_is_left(qtbot: QtBot) -> None:
    form = shown(qtbot)
    typed, edited = QSignalSpy(form.typed), QSignalSpy(form.edited)
    form.fields["assistant"].setFocus()
    form.fields["assistant"].selectAll()
    QTest.mouseClick(form.chips[0], Qt.MouseButton.LeftButton)

    assert typed.at(typed.count() - 1)[0] == {"user": "{a}", "assistant": "{a}"}
    assert edited.count() == 0
    form.fields["user"].setFocus()
    assert edited.count() == 1
    assert edited.at(0)[0] == {"user": "{a}", "assistant": "{a}"}
    form.fields["system"].setFocus()
    assert edited.count() == 1  # nothing new to keep


def test_fields_are_as_high_as_their_lines_up_to_a_limit(qtbot: QtBot) -> None:
    form = shown(qtbot)
    field = form.fields["user"]
    heights = []
    for lines in (1, 3, MOST_LINES, MOST_LINES + 5):
        field.setPlainText("\n".join("x" * lines))
        heights.append(field.height())
        qtbot.waitUntil(lambda lines=lines: field.verticalScrollBar().isVisible() == (lines > MOST_LINES))

    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_columns_that_cannot_stand_in_braces_are_not_offered_and_many_are_cut(qtbot: QtBot) -> None:
    assert [chip.text() for chip in shown(qtbot, ("a", "{b}", " ", "c d")).chips] == ["a", "c d"]
    assert len(shown(qtbot, tuple(f"column {each}" for each in range(500))).chips) == MOST_CHIPS
