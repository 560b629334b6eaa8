"""The Chat page: who is asked, what is sent, what comes back, and what happens when nothing does."""

from pathlib import Path
from typing import Literal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from phitune_gui.core.events import AnswerFinished
from phitune_gui.core.run import Export
from phitune_gui.ui import stories
from phitune_gui.ui.pages.chat_page import ChatPage
from phitune_gui.ui.showcase import MINI
from phitune_gui.ui.widgets.answer_view import AnswerView
from tests.helpers.fake_session import FakeSession

RUN = "/runs/2026-11-24-041200-support-answers"
BASE = "/models/Phi-3-mini-4k-instruct"


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def empty(qtbot: QtBot, session: FakeSession) -> ChatPage:
    made = ChatPage(session)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(816, 716)
    made.show()
    return made


@pytest.fixture
def page(empty: ChatPage, session: FakeSession) -> ChatPage:
    session.model = MINI
    session.exports = (
        Export(target="onnx-cpu-int4", path="exports/onnx-cpu-int4"),
        Export(target="adapter", path="exports/adapter"),
    )
    session.show(stories.finished_run(), RUN)
    return empty


def press(qtbot: QtBot, button: QAbstractButton) -> None:
    QApplication.processEvents()  # what was just added is shown by the next turn of the loop
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def write(qtbot: QtBot, page: ChatPage, question: str) -> None:
    qtbot.keyClicks(page.composer.field, question)
    qtbot.keyClick(page.composer.field, Qt.Key.Key_Return)


Ending = Literal["stop token", "length", "cancelled", "failed"]


def answer(session: FakeSession, *pieces: str, ended_by: Ending = "stop token", message: str = "") -> None:
    id = f"q{session.next_id}"
    for piece in pieces:
        session.answer_streamed.emit(id, piece)
    session.chat_state = "ready"
    session.chat_changed.emit()
    done = AnswerFinished(
        id=id, tokens=12, first_token_seconds=0.42, tokens_per_second=14.2, ended_by=ended_by, message=message
    )  # fmt: skip
    session.answer_finished.emit(done)


def answers(page: ChatPage) -> list[AnswerView]:
    QApplication.processEvents()
    return [view for view in page.messages.findChildren(AnswerView) if view.isVisible()]


def asked(session: FakeSession, verb: str) -> list[tuple]:
    return [call[1:] for call in session.asked if call[0] == verb]


def test_nobody_to_talk_to_says_what_to_do(qtbot: QtBot, empty: ChatPage, session: FakeSession) -> None:
    assert empty.empty.isVisible()
    assert not empty.composer.isVisible()

    with qtbot.waitSignal(session.page_requested) as requested:
        press(qtbot, empty.empty.buttons["model"])
    assert requested.args == ["model"]


def test_base_tuned_and_exports_can_be_asked(page: ChatPage) -> None:
    assert page.who.labels == ["Base", "Tuned", "ONNX for the CPU, int4"]
    assert page.who.labels[page.who.place] == "Tuned"
    assert not page.composer.send.isEnabled()


def test_the_first_question_loads_the_model_and_is_then_asked(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    write(qtbot, page, "Where is my order?")

    assert asked(session, "open_chat") == [(RUN, "run")]
    assert asked(session, "ask") == []
    assert page.subtitle.text() == "Loading Tuned …"
    session.chat("ready")
    messages, options = asked(session, "ask")[0]
    assert [(message.role, message.content) for message in messages] == [("user", "Where is my order?")]
    assert options == {"max_new_tokens": 256, "temperature": 0.0, "seed": 0}
    assert page.composer.field.toPlainText() == ""


def test_an_answer_grows_and_ends_with_its_speed(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    write(qtbot, page, "Where is my order?")
    session.chat("ready")
    session.answer_streamed.emit("q1", "It is on <b>its")
    [view] = answers(page)
    qtbot.waitUntil(lambda: view.text.text() == "It is on <b>its")
    assert page.composer.stop.isVisible()

    answer(session, " way</b>.")

    assert view.text.text() == "It is on <b>its way</b>."
    assert view.text.textFormat() == Qt.TextFormat.PlainText
    assert view.figures.text() == "12 tokens · 14.2 tokens/s · first after 0.42 s"
    assert page.composer.send.isVisible()
    press(qtbot, view.copy)
    assert QGuiApplication.clipboard().text() == "It is on <b>its way</b>."


def test_shift_enter_begins_a_new_line(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    qtbot.keyClicks(page.composer.field, "one")
    qtbot.keyClick(page.composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(page.composer.field, "two")

    assert page.composer.field.toPlainText() == "one\ntwo"
    assert session.asked == []
    press(qtbot, page.composer.send)
    session.chat("ready")
    assert asked(session, "ask")[0][0][0].content == "one\ntwo"


def test_a_second_question_carries_the_conversation_and_the_options(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    press(qtbot, page.settings)
    qtbot.keyClicks(page.form.system, "Be brief.")
    page.form.length.setValue(64)
    page.form.temperature.setValue(0.7)
    page.form.seed.setValue(3)
    write(qtbot, page, "One?")
    session.chat("ready")
    answer(session, "Yes.")

    write(qtbot, page, "Two?")

    messages, options = asked(session, "ask")[1]
    said = [(message.role, message.content) for message in messages]
    assert said == [("system", "Be brief."), ("user", "One?"), ("assistant", "Yes."), ("user", "Two?")]
    assert options == {"max_new_tokens": 64, "temperature": 0.7, "seed": 3}
    assert len(asked(session, "open_chat")) == 1


def test_compare_asks_the_base_and_then_the_tuned_model(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    press(qtbot, page.compare)
    write(qtbot, page, "Where is my order?")
    session.chat("ready")
    answer(session, "I have no access to it.")
    assert asked(session, "open_chat") == [(BASE, "model"), (RUN, "run")]
    session.chat("ready")
    answer(session, "It is on its way.")

    assert [view.text.text() for view in answers(page)] == ["I have no access to it.", "It is on its way."]
    contents = [messages[-1].content for messages, _options in asked(session, "ask")]
    assert contents == ["Where is my order?", "Where is my order?"]
    assert page.composer.send.isVisible()


def test_a_chip_that_is_clicked_leaves_the_focus_where_one_writes(qtbot: QtBot, page: ChatPage) -> None:
    page.composer.field.setFocus()

    for chip in (page.compare, page.settings, page.who.buttons[0]):
        press(qtbot, chip)

    assert page.focusWidget() is page.composer.field


def test_stop_ends_the_answer_and_keeps_what_was_said(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    write(qtbot, page, "Tell me a story.")
    session.chat("ready")
    session.answer_streamed.emit("q1", "Once upon")

    press(qtbot, page.composer.stop)
    assert asked(session, "cancel_answer") == [()]
    answer(session, " a time", ended_by="cancelled")

    [view] = answers(page)
    assert view.text.text() == "Once upon a time"
    assert view.figures.text().endswith("stopped")


def test_stop_while_loading_closes_the_model_and_asks_nobody_else(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    press(qtbot, page.compare)
    write(qtbot, page, "Tell me a story.")

    press(qtbot, page.composer.stop)

    assert asked(session, "close_chat") == [()]
    assert [view.figures.text() for view in answers(page)] == ["Stopped before the model was loaded.", "Not asked."]
    assert page.composer.send.isVisible()


def test_a_model_that_cannot_be_loaded_says_why_in_the_conversation(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    write(qtbot, page, "Where is my order?")
    session.chat("failed", "The model needs 8.1 GB and 3.2 GB are free.")

    [view] = answers(page)
    assert view.figures.text() == "The model needs 8.1 GB and 3.2 GB are free."
    assert "Tuned could not be used." in page.subtitle.text()
    write(qtbot, page, "Again?")
    assert len(asked(session, "open_chat")) == 2


def test_a_failed_answer_is_not_remembered(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    write(qtbot, page, "One?")
    session.chat("ready")
    answer(session, ended_by="failed", message="Out of memory.")
    write(qtbot, page, "Two?")

    assert answers(page)[0].figures.text() == "Out of memory."
    assert [message.content for message in asked(session, "ask")[1][0]] == ["Two?"]


def test_clear_begins_anew(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    write(qtbot, page, "One?")
    session.chat("ready")
    answer(session, "Yes.")

    press(qtbot, page.clear)
    assert answers(page) == []
    write(qtbot, page, "Two?")

    assert [message.content for message in asked(session, "ask")[1][0]] == ["Two?"]


def test_another_run_begins_another_conversation_below_a_line(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    assert page.about.text() == "support-answers"
    write(qtbot, page, "One?")
    session.chat("ready")
    answer(session, "Yes.")
    press(qtbot, page.who.buttons[0])

    session.exports = ()
    session.show(stories.stopped_run(), "/runs/2026-11-25-041200-tone-labels")

    assert page.about.text() == "tone-labels"
    assert page.who.labels == ["Base", "Tuned"]
    assert page.who.place == 1
    assert page.subtitle.text().startswith("The first question loads the model.")
    QApplication.processEvents()
    assert "From here on: tone-labels" in [label.text() for label in page.messages.findChildren(QLabel) if label.isVisible()]
    write(qtbot, page, "Two?")
    session.chat("ready")
    assert asked(session, "open_chat")[-1] == ("/runs/2026-11-25-041200-tone-labels", "run")
    assert [message.content for message in asked(session, "ask")[1][0]] == ["Two?"]


def test_what_another_page_opened_is_chosen_here(page: ChatPage, session: FakeSession) -> None:
    session.open_chat(f"{RUN}/exports/onnx-cpu-int4", "export")

    assert page.who.labels[page.who.place] == "ONNX for the CPU, int4"


@pytest.mark.parametrize(("file", "kind"), [("config.json", "model"), ("recipe.yaml", "run"), ("genai_config.json", "export")])
def test_any_folder_can_be_asked(qtbot: QtBot, page: ChatPage, session: FakeSession, tmp_path: Path, file: str, kind: str) -> None:
    (tmp_path / file).touch()

    page.add_folder(tmp_path)
    write(qtbot, page, "Who are you?")

    assert asked(session, "open_chat") == [(str(tmp_path), kind)]


def test_the_page_fits_the_smallest_window(qtbot: QtBot, page: ChatPage, session: FakeSession) -> None:
    page.resize(560, 540)
    write(qtbot, page, "Where is my order? " * 10)
    qtbot.wait(80)

    assert page.widget().width() <= page.viewport().width()
    assert page.verticalScrollBar().maximum() == 0
