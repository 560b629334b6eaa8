"""The Export page: what can be made, how far it is, and a verdict that is never nicer than the figures."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from phitune_gui.catalog.exports import EXPORTS
from phitune_gui.core import events as e
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.core.run import Export, apply_all
from phitune_gui.ui import stories
from phitune_gui.ui.pages.export_page import ExportPage
from phitune_gui.ui.showcase import MACHINE, MINI
from phitune_gui.ui.widgets.parity_view import figures
from tests.helpers.factories import a_parity
from tests.helpers.fake_session import FakeSession


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def page(qtbot: QtBot, session: FakeSession) -> ExportPage:
    made = ExportPage(session)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(816, 900)
    made.show()
    return made


@pytest.fixture
def ready(page: ExportPage, session: FakeSession) -> ExportPage:
    record = stories.record(stories.finished_run())
    session.model, session.models = MINI, (MINI,)
    session.runs = (record, stories.record(stories.stopped_run(), "tone-labels"), stories.record(stories.failed_run(), "lyrics"))
    session.runs_changed.emit()
    session.show(record.run, str(record.path))
    return page


def press(qtbot: QtBot, button: QAbstractButton) -> None:
    QApplication.processEvents()  # what was just added is shown by the next turn of the loop
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def visible_words(widget: QWidget) -> str:
    QApplication.processEvents()
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_an_empty_page_says_where_exports_come_from(qtbot: QtBot, page: ExportPage, session: FakeSession) -> None:
    assert "Nothing to export yet" in visible_words(page)
    assert not page.start.isVisible()

    with qtbot.waitSignal(session.page_requested) as asked:
        press(qtbot, page.empty.buttons["train"])
    assert asked.args == ["train"]


def test_automatic_comes_first_and_every_target_says_what_it_costs(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    assert list(ready.targets.cards) == ["auto", *[target.id for target in EXPORTS]]
    for target in EXPORTS:
        cost = ready.targets.cards[target.id].cost.text()
        assert cost.startswith("about ")
        assert "of memory to make" in cost

    press(qtbot, ready.start)
    assert session.asked == [("start_export", "auto")]


def test_a_target_that_needs_more_memory_than_there_is_says_so(ready: ExportPage, session: FakeSession) -> None:
    session.hardware = MACHINE.model_copy(update={"memory_bytes": 1_000_000_000})
    session.hardware_changed.emit()

    assert ready.targets.cards["onnx-cpu-fp32"].cost.text().endswith(", this machine has 1.0 GB")


def test_the_chosen_target_is_exported(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    press(qtbot, ready.targets.cards["merged"])
    press(qtbot, ready.start)

    assert session.asked == [("start_export", "merged")]


def test_only_runs_that_kept_something_can_be_chosen(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    names = [ready.runs.itemText(place) for place in range(ready.runs.count())]
    assert [name.split(" · ")[0] for name in names] == ["support-answers", "tone-labels"]

    ready.runs.setFocus()
    qtbot.keyClick(ready.runs, Qt.Key.Key_Down)

    assert session.asked == [("show_run", Path("/runs/2026-11-24-041200-tone-labels"))]


def test_progress_says_the_stage_and_can_be_cancelled(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    session.export_target, session.export_run = "auto", stories.exporting_run()
    session.export_changed.emit()

    assert "Exporting: Automatic" in visible_words(ready.progress)
    assert "Building the ONNX model · 96 of 210 layers" in visible_words(ready.progress)
    assert not ready.start.isEnabled()
    press(qtbot, ready.progress.cancel)
    assert session.asked == [("cancel_export",)]
    assert not ready.progress.cancel.isEnabled()


def test_a_passed_check_is_verified_with_every_figure(ready: ExportPage, session: FakeSession) -> None:
    session.export_run = stories.exported_run()
    session.export_changed.emit()

    said = visible_words(ready.report)
    assert ready.report.verdict.text() == "Verified"
    for figure in ("97.6 %", "at least 95.0 %", "5.2e-3 nats", "0.82", "1.171, the original 1.163", "+0.008", "267 MB", "0.61 s", "90 ms",
                   "98.4 tokens/s", "int4: the same most likely token at 78.3 % of positions"):  # fmt: skip
        assert figure in said
    assert "not passed" not in said
    assert ready.chips.labels == ["ONNX for the CPU, int8 · verified"]


def test_a_failed_check_is_shown_and_never_called_ready(ready: ExportPage, session: FakeSession) -> None:
    session.export_run = stories.exported_run(verified=False)
    session.export_changed.emit()

    said = visible_words(ready.report)
    assert ready.report.verdict.text() == "Not verified"
    assert "only 71.2 % of 1,842 positions" in said
    assert said.count("not passed") == 2
    assert ready.chips.labels == ["ONNX for the CPU, int8 · not verified"]
    assert "ready" not in said.lower()


def test_an_export_without_a_check_can_be_checked(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    session.export_run = stories.exported_run(checked=False)
    session.export_changed.emit()

    assert ready.report.verdict.text() == "Not checked"
    press(qtbot, ready.report.check)
    assert session.asked == [("verify_export", Path("/runs/a/exports/onnx-cpu-int8"))]


def test_what_was_made_of_one_run_is_not_shown_for_another(ready: ExportPage, session: FakeSession) -> None:
    session.export_run = stories.exported_run()
    session.export_changed.emit()
    assert ready.chips.labels
    assert ready.about.text() == "support-answers"

    other = session.runs[1]
    session.run, session.run_folder, session.run_recipe = other.run, other.path, other.recipe
    session.run_changed.emit()

    assert ready.about.text() == "tone-labels"
    assert ready.runs.currentData() == str(other.path)
    assert not ready.chips.isVisible()
    assert not ready.report.isVisible()


def test_a_failed_export_says_why_and_can_be_tried_again(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    failure = e.JobFailed(kind="disk_full", message="The disk is full.", hint="Free 8 GB.", traceback="OSError 28")
    session.export_target, session.export_run = "merged", apply_all(stories.exporting_run(), [failure])
    session.export_changed.emit()

    assert "The disk is full. Free 8 GB." in visible_words(ready.failure)
    press(qtbot, ready.failure.buttons["again"])
    assert session.asked == [("start_export", "merged")]


def test_kept_exports_are_chosen_by_chip_and_opened_in_chat(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    report = stories.parity(target="onnx-cpu-int4")
    session.exports = (
        Export(target="adapter", path="exports/adapter", bytes=50_000_000),
        Export(target="onnx-cpu-int4", path="exports/onnx-cpu-int4", bytes=86_000_000, report=report),
        Export(target="merged", path="exports/merged", bytes=7_000_000_000),
    )
    session.export_changed.emit()
    assert ready.report.verdict.text() == "Nothing to check"
    assert not ready.report.chat.isVisible()

    for place, kind, name in ((1, "export", "onnx-cpu-int4"), (2, "model", "merged")):
        press(qtbot, ready.chips.buttons[place])
        with qtbot.waitSignal(session.page_requested) as asked:
            press(qtbot, ready.report.chat)
        assert asked.args == ["chat"]
        assert session.asked[-1] == ("open_chat", f"/runs/2026-11-24-041200-support-answers/exports/{name}", kind)


def test_an_export_that_just_ended_is_listed_once(ready: ExportPage, session: FakeSession) -> None:
    path = f"{session.run_folder}/exports/onnx-cpu-int8"
    session.export_run = stories.exported_run(path=path)
    session.exports = (Export(target="onnx-cpu-int8", path=path, report=stories.parity()),)
    session.export_changed.emit()

    assert len(ready.chips.labels) == 1


def test_the_page_fits_the_smallest_window(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    session.export_run = stories.exported_run()
    session.export_changed.emit()
    ready.resize(560, 540)
    qtbot.wait(80)

    assert ready.widget().width() <= ready.viewport().width()


@pytest.mark.parametrize(("agrees", "drift", "said"), [(True, 0.0, "yes"), (True, 0.0042, "all but 0.4 %"), (False, 1.0, "no")])
def test_a_drift_of_the_runtimes_tokenizer_is_told_not_hidden(agrees: bool, drift: float, said: str) -> None:
    report = stories.parity().model_copy(update={"tokenizer_agrees": agrees, "tokenizer_drift": drift})
    (line,) = (figure for figure in figures(report) if "Tokens" in figure.name)
    assert (line.value, line.passed) == (said, agrees)


def test_answers_made_token_by_token_are_told_where_there_are_some() -> None:
    older, report = a_parity(), a_parity(decoded_answers=4, decode_first=1.0, decode_prefix=30.5, decode_tokens=32.0)

    assert not any("token by token" in figure.name for figure in figures(older))
    (line,) = (figure for figure in figures(report) if "token by token" in figure.name)
    assert (line.value, line.passed) == ("30.5 of 32.0 tokens alike on average", None)


def test_what_cannot_be_made_of_virtual_tokens_is_greyed_with_the_sentence(qtbot: QtBot, ready: ExportPage, session: FakeSession) -> None:
    recipe = session.run_recipe
    assert recipe is not None
    session.run_recipe = recipe.model_copy(update={"technique": TechniqueSection(id="prompt")})
    session.run_changed.emit()

    for id, card in ready.targets.cards.items():
        assert card.isEnabled() == (id == "adapter")
        assert ("cannot be made into a model of its own" in visible_words(card)) == (id != "adapter")
        assert ("of memory to make" in visible_words(card)) == (id == "adapter")
    press(qtbot, ready.start)
    assert session.asked == [("start_export", "adapter")]

    session.run_recipe = recipe
    session.run_changed.emit()
    assert all(card.isEnabled() for card in ready.targets.cards.values())
    assert ready.targets.choice == "auto"
