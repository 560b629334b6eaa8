"""The loss plot draws what the run says, at its own pace, and its picture and its words agree."""

import gc
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from phitune_gui.core.events import JobFinished
from phitune_gui.core.run import Run, Step, apply_all
from phitune_gui.ui import stories
from phitune_gui.ui.theme import DARK, LIGHT, Theme
from phitune_gui.ui.widgets.figures import number_text
from phitune_gui.ui.widgets.loss_card import LossCard
from phitune_gui.ui.widgets.loss_plot import LossPlot
from phitune_gui.ui.widgets.loss_series import LossSeries


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "light")
    yield made
    made.choose("light")
    made.deleteLater()


@pytest.fixture
def plot(qtbot: QtBot, theme: Theme) -> LossPlot:
    made = LossPlot()
    qtbot.addWidget(made)
    made.resize(800, 400)
    return made


def shown(qtbot: QtBot, plot: LossPlot, run: Run) -> LossPlot:
    plot.show()
    with qtbot.waitSignal(plot.drawn):
        plot.show_run(run)
    return plot


def curve(plot: LossPlot, place: int) -> tuple[np.ndarray, np.ndarray]:
    """What is drawn, from back to front: another run, each step, smoothed, validation."""
    x, y = plot.canvas.getPlotItem().listDataItems()[place].getOriginalDataset()
    return (np.empty(0), np.empty(0)) if x is None else (x, y)


def colours(path: Path) -> set[str]:
    image = QImage(str(path))
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(0, image.height(), 2)}


def middle_of(plot: LossPlot) -> QPoint:
    return plot.canvas.viewport().rect().center()


def turn_wheel(plot: LossPlot) -> None:
    viewport = plot.canvas.viewport()
    at = QPointF(middle_of(plot))
    event = QWheelEvent(
        at, QPointF(viewport.mapToGlobal(middle_of(plot))), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)


def test_every_step_and_every_validation_point_is_drawn(qtbot: QtBot, plot: LossPlot) -> None:
    run = stories.running_run(158)

    shown(qtbot, plot, run)

    assert curve(plot, 1)[1].tolist() == [step.loss for step in run.steps]
    assert len(curve(plot, 2)[1]) == 158
    assert curve(plot, 3)[0].tolist() == [0, 30, 60, 90, 120, 150]


def test_a_loss_that_is_no_number_is_a_gap(qtbot: QtBot, plot: LossPlot) -> None:
    run = apply_all(stories.running_run(20), [stories.step(21, math.nan), stories.step(22, math.inf), stories.step(23, 1.5)])

    shown(qtbot, plot, run)

    assert np.isnan(curve(plot, 1)[1]).tolist() == [False] * 20 + [True, True, False]
    assert np.isnan(curve(plot, 2)[1]).tolist() == [False] * 20 + [True, True, False]
    assert "2 steps have no number" in plot.accessibleDescription()


def test_many_updates_are_drawn_at_most_twenty_times_a_second(qtbot: QtBot, plot: LossPlot) -> None:
    shown(qtbot, plot, stories.running_run(1))
    drawn: list[float] = []
    plot.drawn.connect(lambda: drawn.append(time.monotonic()))

    began = time.monotonic()
    for until in range(2, 102):
        plot.show_run(stories.running_run(until))
        qtbot.wait(5)
    seconds = time.monotonic() - began

    assert 2 <= len(drawn) <= seconds * 20 + 1
    assert len(curve(plot, 1)[0]) >= 90


def test_a_hidden_plot_does_not_draw_and_catches_up_when_it_is_shown(qtbot: QtBot, plot: LossPlot) -> None:
    drawn: list[int] = []
    plot.drawn.connect(lambda: drawn.append(1))
    plot.show_run(stories.running_run(50))
    qtbot.wait(150)
    assert not drawn

    with qtbot.waitSignal(plot.drawn):
        plot.show()

    assert len(curve(plot, 1)[0]) == 50


def test_a_resumed_run_forgets_the_steps_that_no_longer_count(qtbot: QtBot, plot: LossPlot) -> None:
    run = stories.running_run(100)
    shown(qtbot, plot, run)

    rewound = run.model_copy(update={"steps": run.steps[:60], "step": 60})
    with qtbot.waitSignal(plot.drawn):
        plot.show_run(apply_all(rewound, [stories.step(61, 3.0)]))

    assert curve(plot, 1)[1].tolist() == [*[step.loss for step in run.steps[:60]], 3.0]


@pytest.mark.parametrize("zoomed", [False, True])
def test_the_axes_are_those_of_the_run_that_was_opened_last(qtbot: QtBot, plot: LossPlot, zoomed: bool) -> None:
    short = apply_all(Run(), [*stories.began(6), *stories.trained(6, seed=3), JobFinished()])
    shown(qtbot, plot, short)
    if zoomed:
        turn_wheel(plot)

    with qtbot.waitSignal(plot.drawn):
        plot.show_run(stories.finished_run())

    low, high = plot.canvas.getViewBox().viewRange()[1]
    drawn = curve(plot, 2)[1]
    assert plot.canvas.shown_x()[1] == pytest.approx(stories.TOTAL, rel=0.02)
    assert low < drawn.min() < drawn.max() < high
    assert "step 225 of 225" in plot.accessibleDescription()


def test_the_axes_reach_the_last_steps_of_a_burst(qtbot: QtBot, plot: LossPlot) -> None:
    shown(qtbot, plot, stories.running_run(40))

    with qtbot.waitSignal(plot.drawn):
        plot.show_run(apply_all(stories.running_run(40), [stories.step(41, 9.0)] * 40))

    qtbot.waitUntil(lambda: plot.canvas.getViewBox().viewRange()[1][1] > curve(plot, 2)[1].max(), timeout=2000)


def test_a_very_long_run_never_holds_the_window_up(qtbot: QtBot, plot: LossPlot, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = tuple(Step(n, 0.0, 1 + 1 / n, 1e-4, 0.5, 100, 50, 0.1) for n in range(1, 300_001))
    run = Run(state="finished", total_steps=300_000, step=300_000).model_copy(update={"steps": steps})
    plot.show()
    slots: list[float] = []
    draw = plot._redraw

    def timed() -> None:
        began = time.perf_counter()
        draw()
        slots.append(time.perf_counter() - began)

    monkeypatch.setattr(plot, "_redraw", timed)
    plot._redraw_timer.timeout.disconnect()
    plot._redraw_timer.timeout.connect(timed)
    plot.show_run(run)
    qtbot.waitUntil(lambda: len(plot._series) == 300_000, timeout=20_000)

    assert len(slots) > 50
    assert sorted(slots)[int(len(slots) * 0.9)] < 0.05
    assert len(curve(plot, 1)[0]) < 5000


def test_axes_count_steps_tokens_or_seconds(qtbot: QtBot, plot: LossPlot) -> None:
    run = stories.finished_run()
    shown(qtbot, plot, run)

    ends = {}
    for axis in ("tokens", "time"):
        with qtbot.waitSignal(plot.drawn):
            plot.set_axis(axis)  # type: ignore[arg-type]
        ends[axis] = curve(plot, 1)[0][-1]

    assert ends["tokens"] == sum(step.tokens for step in run.steps)
    assert ends["time"] == pytest.approx(run.training_seconds)
    assert curve(plot, 3)[0][-1] < ends["time"]


def test_the_logarithmic_scale_leaves_out_what_it_cannot_show(qtbot: QtBot, plot: LossPlot) -> None:
    run = apply_all(stories.running_run(30), [stories.step(31, 0.0), stories.step(32, 1.0)])
    shown(qtbot, plot, run)

    with qtbot.waitSignal(plot.drawn):
        plot.set_log(True)

    drawn = plot.canvas.getPlotItem().listDataItems()[1].getData()[1]
    assert math.isnan(drawn[30])
    assert drawn[31] == pytest.approx(0.0)


def test_the_mouse_reads_a_step(qtbot: QtBot, plot: LossPlot) -> None:
    shown(qtbot, plot, stories.running_run(158))

    qtbot.mouseMove(plot.canvas.viewport(), QPoint(60, 100))
    qtbot.mouseMove(plot.canvas.viewport(), middle_of(plot))

    qtbot.waitUntil(lambda: "loss" in plot.readout())
    assert plot.readout().startswith("step 1")


def test_arrow_keys_read_single_steps(qtbot: QtBot, plot: LossPlot) -> None:
    run = stories.running_run(150)
    shown(qtbot, plot, run)

    qtbot.keyClick(plot, Qt.Key.Key_End)
    at_end = plot.readout()
    qtbot.keyClick(plot, Qt.Key.Key_Left)

    assert at_end.startswith(f"step 150 · loss {number_text(run.steps[-1].loss)} · smoothed")
    assert at_end.endswith("validation 1.15")
    assert plot.readout().startswith("step 149 ·")
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert plot.readout() == ""


def test_the_wheel_zooms_and_a_double_click_shows_everything_again(qtbot: QtBot, plot: LossPlot) -> None:
    shown(qtbot, plot, stories.running_run(158))
    whole = plot.canvas.shown_x()

    with qtbot.waitSignal(plot.zoomed, check_params_cb=bool):
        turn_wheel(plot)
    zoomed = plot.canvas.shown_x()
    with qtbot.waitSignal(plot.drawn):
        plot.show_run(stories.running_run(170))
    kept = plot.canvas.shown_x()
    qtbot.mouseDClick(plot.canvas.viewport(), Qt.MouseButton.LeftButton, pos=middle_of(plot))

    assert zoomed[1] - zoomed[0] < whole[1] - whole[0]
    assert kept == zoomed
    qtbot.waitUntil(lambda: plot.canvas.shown_x() == pytest.approx(whole))


def test_colours_follow_the_theme(qtbot: QtBot, plot: LossPlot, theme: Theme, tmp_path: Path) -> None:
    shown(qtbot, plot, stories.running_run(158))
    plot.to_png(tmp_path / "light.png", 600, 300)

    theme.choose("dark")
    qtbot.wait(100)
    plot.to_png(tmp_path / "dark.png", 600, 300)

    light, dark = colours(tmp_path / "light.png"), colours(tmp_path / "dark.png")
    for tokens, found, others in ((LIGHT, light, dark), (DARK, dark, light)):
        for token in (tokens.panel, tokens.accent, tokens.validation):
            assert token in found
            assert token not in others


def test_a_plot_that_was_never_shown_writes_its_picture(plot: LossPlot, tmp_path: Path) -> None:
    plot.show_run(stories.finished_run())

    plot.to_png(tmp_path / "loss.png", 1000, 500)
    plot.to_svg(tmp_path / "loss.svg", 1000, 500)

    assert (QImage(str(tmp_path / "loss.png")).width(), QImage(str(tmp_path / "loss.png")).height()) == (1000, 500)
    assert LIGHT.accent in colours(tmp_path / "loss.png")
    drawing = (tmp_path / "loss.svg").read_text("utf-8")
    assert "<polyline" in drawing or "<path" in drawing
    assert "smoothed" in drawing


def test_the_card_saves_a_table_and_says_why_it_cannot(qtbot: QtBot, theme: Theme, tmp_path: Path) -> None:
    card = LossCard()
    qtbot.addWidget(card)
    card.show_run(stories.running_run(31))

    card.save("csv", tmp_path / "loss.csv")
    with qtbot.waitSignal(card.file_failed) as failed:
        card.save("png", tmp_path / "loss.csv" / "loss.png")

    lines = (tmp_path / "loss.csv").read_text("utf-8").splitlines()
    assert lines[0] == "step,epoch,loss,learning_rate,grad_norm,tokens,learned_tokens,seconds,other_programs_seconds,validation_loss"
    assert lines[1].startswith("0,")
    assert len(lines) == 33
    assert lines[31].split(",")[0] == "30"
    assert float(lines[31].split(",")[-1]) > 1
    assert "could not be written" in failed.args[0]


def test_the_card_tells_the_chart_as_text(qtbot: QtBot, theme: Theme) -> None:
    card = LossCard()
    qtbot.addWidget(card)
    card.show()
    card.show_run(stories.running_run(158))

    card.as_text.trigger()

    assert "The loss fell from" in card.text.toPlainText()
    assert "150: 1.154" in card.text.toPlainText()


def test_another_run_is_laid_beside(qtbot: QtBot, plot: LossPlot) -> None:
    shown(qtbot, plot, stories.running_run(100))

    with qtbot.waitSignal(plot.drawn):
        plot.show_other(stories.finished_run(3), "tone-labels")
    assert len(curve(plot, 0)[0]) == 225
    assert plot.legend.other == "tone-labels"

    with qtbot.waitSignal(plot.drawn):
        plot.show_other(None)
    assert len(curve(plot, 0)[0]) == 0


def test_the_smoothed_loss_has_no_bias_at_the_start() -> None:
    series = LossSeries()
    series.take(apply_all(Run(total_steps=300), [stories.step(n, 2.0) for n in range(1, 11)]))

    assert series.smooth["steps"].y.tolist() == pytest.approx([2.0] * 10)


def test_plotting_keeps_python_alive(qtbot: QtBot, plot: LossPlot) -> None:
    """PySide6 6.12.0 on CPython 3.11 drops references to None with every repaint until the interpreter aborts."""
    run = apply_all(stories.running_run(40), [stories.step(41, math.nan), stories.step(42, 1.0)])
    shown(qtbot, plot, run)
    gc.collect()  # garbage of earlier tests holds references to None, and its going would look like the fault
    gc.disable()
    try:
        before = sys.getrefcount(None)
        for _ in range(200):
            plot._draw()
            plot.canvas.grab()
        after = sys.getrefcount(None)
    finally:
        gc.enable()

    assert after > before - 50
