"""The parts of the window by themselves: what they are given, what they show, what a person's hand makes them tell."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from phitune_gui.core.dataset_report import Lengths
from phitune_gui.core.messages import Preview, PreviewToken
from phitune_gui.core.names import EVENTS_FILE, RECIPE_FILE
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe, TrainingSection
from phitune_gui.ui.drops import understand, understand_all
from phitune_gui.ui.recipe_history import RecipeHistory
from phitune_gui.ui.theme import LIGHT
from phitune_gui.ui.widgets.amounts import estimate_text, part_of_text, span_text
from phitune_gui.ui.widgets.closing_question import ClosingQuestion
from phitune_gui.ui.widgets.histogram import Histogram
from phitune_gui.ui.widgets.memory_bar import MemoryBar, Part, gathered
from phitune_gui.ui.widgets.memory_legend import MemoryLegend, _Swatch
from phitune_gui.ui.widgets.options_form import OptionsForm
from phitune_gui.ui.widgets.problem_list import RefusalBar
from phitune_gui.ui.widgets.token_view import TokenView

LENGTHS = Lengths(min=10, p50=200, p95=700, max=1000, histogram=tuple((100 * place, 20 - place) for place in range(1, 11)))


@pytest.fixture
def form(qtbot: QtBot) -> OptionsForm:
    made = OptionsForm(TrainingSection, "training")
    qtbot.addWidget(made)
    made.show_values(TrainingSection(), TrainingSection())
    made.show()
    return made


def test_a_number_typed_in_the_form_is_told_once_with_its_dotted_name(form: OptionsForm) -> None:
    editor = form.rows["learning_rate"].editor.widget
    told = QSignalSpy(form.edited)
    assert isinstance(editor, QLineEdit)

    editor.setFocus()
    editor.selectAll()
    QTest.keyClicks(editor, "1e-5")
    QTest.keyClick(editor, Qt.Key.Key_Return)

    assert told.at(0) == ["training.learning_rate", 1e-5]
    assert editor.accessibleName() == "Learning rate"


def test_words_where_a_number_belongs_are_marked_and_not_told(form: OptionsForm) -> None:
    editor = form.rows["learning_rate"].editor.widget
    told = QSignalSpy(form.edited)
    assert isinstance(editor, QLineEdit)

    editor.setText("fast")
    editor.editingFinished.emit()

    assert told.count() == 0
    assert editor.property("wrong") is True
    assert form.rows["learning_rate"].help.text() == "“fast” is not possible here: please type a number above 0, up to 1."


@pytest.mark.parametrize(
    ("name", "typed", "allowed"),
    [
        ("epochs", "abc", "a number above 0, up to 100"),
        ("epochs", "0", "a number above 0, up to 100"),
        ("learning_rate", "5", "a number above 0, up to 1"),
        ("max_steps", "1.5", "a whole number from 1, up to 1,000,000, or nothing"),
    ],
)
def test_a_field_says_what_is_allowed_while_it_is_typed_and_moves_nothing(form: OptionsForm, name: str, typed: str, allowed: str) -> None:
    form.more.setChecked(True)
    QApplication.processEvents()
    row, places = form.rows[name], [each.mapTo(form, QPoint()) for each in form.rows.values()]
    told, wrong = QSignalSpy(form.edited), QSignalSpy(form.wrong)
    editor = row.editor.widget
    assert isinstance(editor, QLineEdit)

    editor.setFocus()
    editor.selectAll()
    QTest.keyClicks(editor, typed)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    form.show_values(TrainingSection(), TrainingSection())  # another field was edited: this one is still being mended

    QApplication.processEvents()
    assert row.help.text() == f"“{typed}” is not possible here: please type {allowed}."
    assert wrong.at(wrong.count() - 1) == [f"training.{name}", row.help.text()]
    assert told.count() == 0
    assert [each.mapTo(form, QPoint()) for each in form.rows.values()] == places

    editor.selectAll()
    QTest.keyClicks(editor, "1")
    assert wrong.at(wrong.count() - 1) == [f"training.{name}", ""]
    assert row.help.text() == TrainingSection.model_fields[name].description


def test_a_changed_value_can_be_set_back_and_a_default_cannot(form: OptionsForm) -> None:
    row = form.rows["epochs"]
    told = QSignalSpy(form.reset_asked)
    assert not row.reset.isVisible()

    form.show_values(TrainingSection(epochs=2), TrainingSection())
    QTest.mouseClick(row.reset, Qt.MouseButton.LeftButton)

    assert told.at(0) == ["training.epochs"]
    assert row.label.font().bold()


def test_advanced_fields_unfold_and_say_how_many_of_them_were_changed(form: OptionsForm) -> None:
    assert not form.rows["weight_decay"].isVisible()

    form.show_values(TrainingSection(weight_decay=0.1, warmup_steps=9), TrainingSection())
    QTest.mouseClick(form.more, Qt.MouseButton.LeftButton)

    assert form.rows["weight_decay"].isVisible()
    assert "2" in form.more.text()


def test_an_empty_field_means_that_phitune_decides(form: OptionsForm) -> None:
    form.show_values(TrainingSection(max_steps=5), TrainingSection())
    editor = form.rows["max_steps"].editor.widget
    told = QSignalSpy(form.edited)
    assert isinstance(editor, QLineEdit)

    editor.clear()
    editor.editingFinished.emit()

    assert told.at(0) == ["training.max_steps", None]


def test_limits_of_a_whole_number_are_those_that_were_declared(form: OptionsForm) -> None:
    editor = form.rows["micro_batch_size"].editor.widget

    assert isinstance(editor, QSpinBox)
    assert (editor.minimum(), editor.maximum(), editor.suffix()) == (1, 1024, " rows")


def test_the_limit_is_dragged_and_told_when_it_is_let_go(qtbot: QtBot) -> None:
    shown = Histogram()
    qtbot.addWidget(shown)
    shown.resize(320, 136)
    shown.show_lengths(LENGTHS, 500)
    told = QSignalSpy(shown.limit_chosen)
    start, end = QPoint(round(shown.x_of(500)), 60), QPoint(round(shown.x_of(800)), 60)

    QTest.mousePress(shown, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(shown, end)
    assert told.count() == 0
    QTest.mouseRelease(shown, Qt.MouseButton.LeftButton, pos=end)

    assert told.count() == 1
    assert abs(told.at(0)[0] - 800) <= 16


@pytest.mark.parametrize("limit", [55, 100, 1024, 8192])
def test_a_limit_far_beyond_the_longest_row_is_not_drawn_at_it(qtbot: QtBot, limit: int) -> None:
    shown = Histogram()
    qtbot.addWidget(shown)
    shown.resize(320, 136)
    lengths = Lengths(min=20, p50=38, p95=50, max=55, histogram=((30, 4), (40, 9), (55, 2)))

    shown.show_lengths(lengths, limit)

    assert (shown.x_of(limit) > shown.x_of(55) + 20) == (limit > 55)
    assert shown.x_of(20) < shown.x_of(38) < shown.x_of(55) <= shown.x_of(limit) <= 320
    assert not shown.grab().isNull()
    told = QSignalSpy(shown.limit_chosen)
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton, pos=QPoint(round(shown.x_of(48)), 60))
    assert told.at(0) == [48]


def test_the_limit_follows_the_arrow_keys_within_its_bounds(qtbot: QtBot) -> None:
    shown = Histogram()
    qtbot.addWidget(shown)
    shown.show_lengths(LENGTHS, 32)
    told = QSignalSpy(shown.limit_chosen)

    for _ in range(3):
        QTest.keyClick(shown, Qt.Key.Key_Left)

    assert [told.at(place)[0] for place in range(3)] == [16, 16, 16]


def test_tokens_differ_by_pattern_and_not_by_colour_alone(qtbot: QtBot) -> None:
    tokens = (
        PreviewToken(id=1, text="<|user|>", learned=False), PreviewToken(id=2, text="\n", learned=False),
        PreviewToken(id=3, text="Why?", learned=False), PreviewToken(id=4, text="Because.", learned=True),
        PreviewToken(id=5, text="Never", learned=True, cut=True),
    )  # fmt: skip
    view = TokenView()
    qtbot.addWidget(view)

    view.show_preview(Preview(row=0, line=1, messages=(), text="", tokens=tokens, length=5, truncated=True))

    assert view.text.toPlainText() == "<|user|>⏎Why?Because.Never"
    looks = {}
    for word in ("Why?", "Because.", "Never"):
        cursor = view.text.document().find(word)
        look = cursor.charFormat()
        looks[word] = (look.underlineStyle(), look.fontStrikeOut())
    assert len(set(looks.values())) == 3
    assert "learned 1" in view.legend.text.toPlainText()
    assert "cut off 1" in view.legend.text.toPlainText()


def test_the_bar_says_when_the_parts_are_too_much(qtbot: QtBot) -> None:
    bar = MemoryBar("Memory")
    qtbot.addWidget(bar)

    bar.show_parts([Part("Weights", 3e9), Part("Adapter", 0)], 4e9)
    assert not bar.over
    bar.show_parts([Part("Weights", 3e9), Part("Activations", 2e9)], 4e9)

    assert bar.over
    assert bar.accessibleDescription() == "Weights: 3.0 GB, Activations: 2.0 GB"


def test_parts_too_small_to_be_seen_are_shown_as_one() -> None:
    parts = [Part("Weights", 90), Part("Adapter", 0.4), Part("Libraries", 9.2), Part("Loading", 0), Part("Logits", 0.4)]
    assert gathered(parts, "Other") == (Part("Weights", 90), Part("Libraries", 9.2), Part("Other", 0.8))
    assert gathered(parts[:3], "Other") == (Part("Weights", 90), Part("Libraries", 9.2), Part("Adapter", 0.4))
    assert gathered([], "Other") == gathered([Part("Weights", 0)], "Other") == ()


def test_the_legend_names_each_part_in_the_colour_of_the_bar(qtbot: QtBot) -> None:
    legend = MemoryLegend()
    qtbot.addWidget(legend)
    legend.resize(244, 80)
    legend.show()
    parts = [Part("Weights", 3e9), Part("Borrowed layers", 2e9)]
    bar = MemoryBar("Memory")
    qtbot.addWidget(bar)
    for over, limit in ((False, 9e9), (True, 4e9)):
        bar.show_parts(parts, limit)
        legend.show_parts(parts)
        assert legend.texts == ["Weights 3.0 GB", "Borrowed layers 2.0 GB"]
        picture = bar.grab().toImage()
        swatches = [swatch.grab().toImage().pixelColor(3, 3).name() for swatch in legend.findChildren(_Swatch)[-2:]]
        scale = picture.width() / max(5e9, limit)
        middle = picture.height() // 2
        assert [picture.pixelColor(int(at * scale), middle).name() for at in (1.5e9, 3.5e9)] == swatches
        assert len(set(swatches)) == 2
        assert (picture.pixelColor(int(4.8e9 * scale), middle).name() == LIGHT.problem) == over


@pytest.mark.parametrize("answer", ["keep", "stop", "cancel"])
def test_closing_while_training_asks_and_takes_each_answer(qtbot: QtBot, answer: str) -> None:
    question = ClosingQuestion()
    qtbot.addWidget(question)
    question.open()

    QTest.mouseClick(getattr(question, answer), Qt.MouseButton.LeftButton)

    assert question.answer == answer
    assert not question.isVisible()


def test_escape_means_cancel(qtbot: QtBot) -> None:
    question = ClosingQuestion()
    qtbot.addWidget(question)
    question.open()

    QTest.keyClick(question, Qt.Key.Key_Escape)

    assert question.answer == "cancel"


def test_edits_are_taken_back_and_made_again_until_a_new_one() -> None:
    history, first, second, third = RecipeHistory(), Recipe(name="a"), Recipe(name="b"), Recipe(name="c")
    history.add(first)
    history.add(second)

    assert history.undo(third) == second
    assert history.undo(second) == first
    assert history.undo(first) == first
    assert history.redo(first) == second
    history.add(second)
    assert not history.can_redo


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rows.jsonl", "dataset"), ("ROWS.CSV", "dataset"), ("rows.json.gz", "dataset"), ("mine.phitune.yaml", "recipe"),
        ("model.safetensors", "model"), ("model.gguf", "refused"), ("book.xlsx", "refused"), ("other.yaml", "refused"),
    ],
)  # fmt: skip
def test_a_dropped_file_is_understood_by_its_name(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).touch()

    drop = understand(tmp_path / name)

    assert drop.kind == kind
    assert bool(drop.why) == (kind == "refused")


def test_a_dropped_folder_is_understood_by_what_lies_in_it(tmp_path: Path) -> None:
    for folder, names in {"run": (RECIPE_FILE, EVENTS_FILE), "model": ("config.json",), "rows": ("b.csv", "a.jsonl"), "none": ()}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()

    assert understand(tmp_path / "run").kind == "run"
    assert understand(tmp_path / "model").kind == "model"
    assert [path.name for path in understand(tmp_path / "rows").paths] == ["a.jsonl", "b.csv"]
    assert understand(tmp_path / "none").kind == "refused"
    assert understand(tmp_path / "missing").kind == "refused"


def test_dataset_files_that_come_together_stay_together(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.csv", "photo.png"):
        (tmp_path / name).touch()

    drops = understand_all([tmp_path / "a.jsonl", tmp_path / "photo.png", tmp_path / "b.csv"])

    assert [(drop.kind, len(drop.paths)) for drop in drops] == [("refused", 1), ("dataset", 2)]


def test_amounts_are_said_as_people_say_them() -> None:
    assert part_of_text(4.0e9, 21.8e9) == "4.0 of 21.8 GB"
    assert part_of_text(1.3e6, 79.3e9) == "1.3 MB of 79.3 GB"
    assert [span_text(seconds) for seconds in (0.2, 42, 720, 12_000, 95_000)] == ["1 s", "42 s", "12 min", "3 h 20 min", "26 h"]
    assert (estimate_text(42 * 60, True), estimate_text(42 * 60, False)) == ("34 – 55 min", "21 – 84 min")


@pytest.mark.parametrize(
    ("sentence", "read"),
    [
        ("Set data.max_length to 512 or less.", "Set “Longest conversation” to 512 or less."),
        ("technique.rank is too high for training.micro_batch_size.", "“Rank” is too high for “Rows at a time”."),
        ("The file data.jsonl and data.unknown stay.", "The file data.jsonl and data.unknown stay."),
        ("Mend the file, or set data.broken_rows to leave_out.", "Mend the file, or set “Damaged rows” to “leave out”."),
        ("Set launcher.id to ddp or technique.id to lora.", "Set “How it is started” to “Several processes” or “Technique” to “LoRA”."),
        ("Set training.gradient_checkpointing to false.", "Set “Save memory (slower)” to “off”."),
    ],
)
def test_problems_in_the_window_name_fields_as_forms_do(qtbot: QtBot, sentence: str, read: str) -> None:
    bar = RefusalBar()
    qtbot.addWidget(bar)
    bar.show_problem(Problem(where="x", what="It stops.", how_to_fix=sentence))
    assert bar.text == f"It stops. {read}"
