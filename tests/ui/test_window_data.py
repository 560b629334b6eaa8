"""Datasets as a person brings them into the window: refused, mended, mapped by hand."""

import asyncio
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from phitune_gui.files.manifest import write_manifest
from phitune_gui.store.sample import sample_recipe
from phitune_gui.ui import session_jobs, stories
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.data_page import DataPage
from phitune_gui.ui.pages.home_page import HomePage
from phitune_gui.ui.pages.train_page import TrainPage
from tests.ui.conftest import until
from tests.ui.test_window import Live, data, drop, model, window_words

__all__ = ["data", "model"]


@pytest.mark.parametrize("name", ["photo.png", "weights.bin", "table.xlsx", "notes.yaml", "empty folder"])
def test_what_cannot_be_used_is_refused_with_the_reason(live: Live, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.touch() if "." in name else path.mkdir()

    async def story(window: MainWindow) -> None:
        before = window.session.recipe
        drop(window, path)
        assert window.refusal.isVisible()
        assert window.session.problem is not None
        assert name in window.session.problem.what
        assert window.session.problem.how_to_fix.endswith(".")
        assert window.session.recipe == before

    live(story)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n3,4\n", "does not recognise"),
        (b'{"question": "q", "answer": "a"}\n' * 16 + b'{"question": "q", "ans\n' + b'{"question": "q", "answer": "b"}\n' * 9, "Line 17"),
    ],
)  # fmt: skip
def test_a_bad_dataset_is_a_problem_that_blocks_start(live: Live, model: Path, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / ("rows.csv" if content.startswith(b"a,b") else "rows.jsonl")
    path.write_bytes(content)

    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        drop(window, model)
        drop(window, path)
        await until(lambda: session.model is not None and any(words in problem.what for problem in session.plan.problems))
        assert session.plan.blocked
        assert not window.run_card.start.isEnabled()
        await until(lambda: window.rail.buttons["data"].mark == "problem")

    live(story)


def test_a_damaged_line_leaves_no_tick_and_is_cured_by_what_the_form_offers(live: Live, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"question": "q", "answer": "a"}\n' * 16 + b'{"question": "q", "ans\n' + b'{"question": "q", "answer": "b"}\n' * 9)

    async def story(window: MainWindow) -> None:
        session, mark = window.session, window.rail.buttons["data"]
        session.begin()
        drop(window, model)
        drop(window, path)
        await until(lambda: any("Line 17" in problem.what for problem in session.plan.problems))
        said = " ".join(box.accessibleName() for box in window.run_card.problems.boxes)
        page = window.stack.currentWidget()
        assert isinstance(page, DataPage)
        row = page.reading.rows["broken_rows"]
        offered = row.editor.widget
        assert isinstance(offered, QComboBox)
        labels = [offered.itemText(place) for place in range(offered.count())]
        assert mark.mark == "problem"
        assert f"set “{row.label.text()}” to “{labels[1]}”" in said
        assert "_" not in "".join(labels)

        offered.setFocus()
        QTest.keyClick(offered, Qt.Key.Key_Down)
        await until(lambda: session.recipe.data.broken_rows == "leave_out" and session.can_start)
        assert mark.mark == "ready"

    live(story)


def test_a_wrong_value_leaves_no_tick_beside_its_page(live: Live, model: Path, data: Path) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        drop(window, model)
        drop(window, data)
        await until(lambda: session.can_start)
        assert window.rail.buttons["tune"].mark == "ready"
        session.mark_field("training.epochs", "Please type a number.")
        assert window.rail.buttons["tune"].mark == "problem"
        session.mark_field("training.epochs", "")
        assert window.rail.buttons["tune"].mark == "ready"

    live(story)


def test_trying_it_now_plans_one_pass_and_leaves_only_start(live: Live, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_jobs, "starter_folder", lambda: model)
    write_manifest(model)  # what says that a starter is ready

    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        window.show_page("home")
        home, session.run = window.findChild(HomePage), stories.finished_run()
        assert not any(letter.isdigit() for letter in home.try_now.text())  # the plan says how long, not the button
        QTest.mouseClick(home.try_now, Qt.MouseButton.LeftButton)
        await until(lambda: window.page == "train" and session.can_start)
        train = window.findChild(TrainPage)
        await until(train.ready.buttons["start"].isVisible)
        assert session.recipe == sample_recipe("try-it-now", model)
        assert session.plan.steps == session.plan.steps_per_epoch

    live(story)


def test_columns_that_nobody_knows_are_given_their_roles_by_hand(live: Live, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "fragen.csv"
    path.write_text("frage;antwort\n" + "".join(f"Was ist {number}?;Eine Zahl, {number}.\n" for number in range(20)), "utf-8")

    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        drop(window, model)
        drop(window, path)
        await until(lambda: session.data_problem is not None and session.plan.blocked)
        page = window.findChild(DataPage)
        await asyncio.sleep(0.1)
        assert page.columns.mapTo(page.viewport(), page.columns.rect().bottomLeft()).y() < page.viewport().height()
        assert window_words(window).count("Nothing yet: the rows are not understood.") == 2
        assert "--map" not in window_words(window)
        assert window_words(window).count("The columns found are: frage, antwort.") == 1
        for role in ("question", "answer"):
            combo = page.columns.combos[role]
            assert combo.isVisible()
            assert page.mapping.isAncestorOf(combo)
            combo.setCurrentText({"question": "frage", "answer": "antwort"}[role])
            combo.activated.emit(combo.currentIndex())
            await session.settled()
        await until(lambda: session.report is not None and window.run_card.start.isEnabled())
        assert session.report.kept == 20
        session.choose_format("alpaca")  # knows no question: still no dead end
        await until(lambda: session.data_problem is not None)
        assert page.columns.combos["instruction"].isVisible()

    live(story)


def test_columns_that_nobody_knows_are_put_into_a_template_that_is_seen_while_it_is_written(
    live: Live, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "fragen.csv"
    path.write_text("Sprache;Wort;Lösung\n" + "".join(f"Deutsch;word {each};Wort {each}\n" for each in range(20)), "utf-8")

    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        drop(window, model)
        drop(window, path)
        await until(lambda: session.data_problem is not None and session.plan.blocked)
        page = window.findChild(DataPage)
        QTest.mouseClick(page.to_template, Qt.MouseButton.LeftButton)
        await until(lambda: session.report is not None and session.report.kept == 20)
        assert session.recipe.data.columns == {"user": "{Sprache}", "assistant": "{Lösung}"}
        assert [chip.text() for chip in page.templates.chips] == ["Sprache", "Wort", "Lösung"]
        field = page.templates.fields["user"]
        assert field.hasFocus()

        field.selectAll()
        QTest.keyClicks(field, "To ")
        QTest.mouseClick(page.templates.chips[0], Qt.MouseButton.LeftButton)
        assert field.hasFocus()
        QTest.keyClicks(field, ": {Wor")
        await until(lambda: "a { that no } closes" in page.templates.said.text())
        assert session.recipe.data.columns["user"] == "{Sprache}"  # not kept while it is written
        QTest.keyClicks(field, "t}")
        await until(lambda: "To Deutsch: word 0" in window_words(window))
        assert not page.templates.said.isVisible()
        QTest.keyClick(field, Qt.Key.Key_Tab)
        assert session.recipe.data.columns == {"user": "To {Sprache}: {Wort}", "assistant": "{Lösung}"}
        await until(lambda: session.preview is not None and session.preview.messages[0].content == "To Deutsch: word 0")
        await until(window.run_card.start.isEnabled)

        session.undo()
        assert field.toPlainText() == "{Sprache}"
        QTest.mouseClick(page.to_columns, Qt.MouseButton.LeftButton)
        await until(lambda: session.data_problem is not None)
        assert (session.recipe.data.format, session.recipe.data.columns) == ("auto", {})
        assert page.columns.combos["question"].isVisible()

    live(story)


def test_a_first_row_that_is_set_aside_says_why_below_its_template(live: Live, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\nx,\ny,z\n", "utf-8")

    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        drop(window, path)
        await until(lambda: session.data_problem is not None)
        session.choose_format("template")
        page = window.findChild(DataPage)
        await until(lambda: "The assistant is empty" in page.templates.said.text())
        assert page.templates.said.isVisible()

    live(story)


def test_a_dropped_folder_brings_its_validation_file_as_one_step(live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    for name in ("train", "valid", "test"):
        (folder / f"{name}.csv").write_text("question,answer\n" + "".join(f"{name} {each},yes\n" for each in range(12)), "utf-8")

    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        before = session.recipe
        drop(window, folder)
        assert [source.path for source in session.recipe.data.sources] == [str(folder / "train.csv")]
        assert session.recipe.data.validation.path == str(folder / "valid.csv")
        assert "test.csv is left aside" in session.status
        await until(lambda: session.report is not None)
        assert (session.report.train_rows, session.report.validation_rows) == (12, 12)
        session.undo()
        assert session.recipe == before

    live(story)


def test_a_files_weight_is_typed_beside_it_and_counted_in_the_plan(live: Live, model: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text("question,answer\n" + "".join(f"{name} {each},yes\n" for each in range(20)), "utf-8")

    async def story(window: MainWindow) -> None:
        session = window.session
        session.begin()
        drop(window, model)
        drop(window, tmp_path / "one.csv", tmp_path / "two.csv")
        await until(lambda: session.can_start)
        page = window.findChild(DataPage)
        learned = session.report.train_rows if session.report else 0
        field = page.files.weights[1].widget
        page.ensureWidgetVisible(field)
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, "nothing")
        await until(lambda: session.wrong_fields and not window.run_card.start.isEnabled())
        boxes = window.run_card.problems.boxes
        assert any("“Weight” has no value." in box.accessibleName() for box in boxes)
        field.selectAll()
        QTest.keyClicks(field, "2")
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert [source.weight for source in session.recipe.data.sources] == [1.0, 2.0]
        assert field.hasFocus()
        await until(lambda: session.report is not None and session.report.train_rows > learned and session.can_start)
        counted = session.report.train_rows if session.report else 0
        assert "two.csv has the weight 2" in page.notes.text()
        await until(lambda: session.plan.train_rows == counted)
        field.selectAll()
        QTest.keyClicks(field, "0")
        assert session.wrong_fields
        session.remove_data(1)
        assert not session.wrong_fields
        await session.settled()

    live(story)


def test_a_large_file_is_shown_at_once_then_counted_to_its_end_and_an_edit_does_not_wait_for_that(
    live: Live, model: Path, tmp_path: Path
) -> None:
    path, rows = tmp_path / "rows.jsonl", 20_000
    path.write_text("".join(f'{{"question": "Who is {number}?", "answer": "Nobody."}}\n' for number in range(rows)), "utf-8")

    async def story(window: MainWindow) -> None:
        session, shares = window.session, list[float]()
        session.inspect_progressed.connect(lambda: shares.append(session.inspected or 0.0))
        session.begin()
        drop(window, model)
        await until(lambda: session.model is not None)
        drop(window, path)
        await until(lambda: session.report is not None and session.preview is not None)
        assert session.report is not None
        assert session.report.estimated
        assert session.inspecting
        await until(lambda: any(0 < share < 1 for share in shares))
        assert 0 < window.status_line.bar.value() < 1000
        assert "Checking" in window.status_line.label.text()

        session.set_value("data.max_length", 64)
        edited = asyncio.get_running_loop().time()
        await until(lambda: session.report is not None and session.report.max_length == 64)
        assert session.report.estimated
        assert asyncio.get_running_loop().time() - edited < 5
        await session.settled()
        assert (session.report.rows, session.report.kept, session.report.estimated) == (rows, rows, False)
        assert session.inspected is None

        session.set_value("data.max_length", 65)
        await until(lambda: session.inspecting and session.report is not None and session.report.max_length == 65)
        session.remove_data(0)
        await session.settled()
        assert session.report is None

    live(story)
