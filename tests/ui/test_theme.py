"""Colours that can be read, pictures that are not blank, and a None that is still there after many plots."""

import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QFrame
from pytestqt.qtbot import QtBot

from phitune_gui.core.run import Run, apply_all
from phitune_gui.ui import stories
from phitune_gui.ui.screenshots import take_screenshots
from phitune_gui.ui.showcase import STATES
from phitune_gui.ui.theme import DARK, LIGHT, TEXT_PAIRS, Theme, ThemeChoice, Tokens
from phitune_gui.ui.widgets.buttons import Button, Kind
from phitune_gui.ui.widgets.loss_plot import LossPlot


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [part / 255 for part in QColor(colour).getRgb()[:3]]  # type: ignore[index]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda tokens: tokens.name)
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_every_text_can_be_read(tokens: Tokens, text: str, ground: str) -> None:
    assert _contrast(getattr(tokens, text), getattr(tokens, ground)) >= 4.5


def _most(colours: Counter[int], ground: str) -> float:
    return max(_contrast(QColor(colour).name(), ground) for colour in colours)


@pytest.mark.parametrize("choice", ["light", "dark"])
@pytest.mark.parametrize("box", ["good", "advice", "problem", ""])
@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("enabled", [True, False])
def test_every_button_can_be_read_in_every_banner(
    qtbot: QtBot, qapp: QApplication, choice: ThemeChoice, box: str, kind: Kind, enabled: bool
) -> None:
    theme, banner = Theme(qapp, choice), QFrame()
    banner.setProperty("box", box)
    button = Button("  ██  ", kind, parent=banner)
    button.setEnabled(enabled)
    qtbot.addWidget(banner)
    button.ensurePolished()
    button.resize(button.sizeHint())
    banner.resize(button.size())

    image = banner.grab(button.rect().adjusted(4, 4, -4, -4)).toImage()
    seen = Counter(image.pixel(x, y) for x in range(image.width()) for y in range(image.height()))
    corner = image.pixelColor(0, 0).name()

    assert _most(seen, corner) >= 4.5
    theme.deleteLater()


def test_screenshots_show_every_page_and_state(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    written = take_screenshots(qapp, tmp_path, all_states=False)

    assert len(written) == sum(len(states) for states in STATES.values())
    for path in written:
        image = QImage(str(path))
        assert (image.width(), image.height()) == (1280, 800)
        colours = {image.pixel(x, y) for x in range(0, 1280, 16) for y in range(0, 800, 16)}
        assert len(colours) > 8, path.name


def test_none_survives_two_hundred_plots(qtbot: QtBot, qapp: QApplication) -> None:
    """PySide6 6.12.0 on CPython 3.11 loses references to None until the interpreter aborts."""
    theme = Theme(qapp, "light")
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.resize(600, 300)
    plot.show()
    told = stories.began() + stories.trained(200)
    run = apply_all(Run(), told[:5])
    before = sys.getrefcount(None)

    for event in told[5:205]:
        run = apply_all(run, [event])
        plot.show_run(run)
        plot.grab()
        qapp.processEvents()

    assert sys.getrefcount(None) > before - 50 - 200 * 2
    theme.deleteLater()


def test_a_picture_of_the_loss_is_drawn(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    theme = Theme(qapp, "light")
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.show_run(stories.finished_run())

    plot.to_png(tmp_path / "loss.png", 1200, 640)

    image = QImage(str(tmp_path / "loss.png"))
    blue = QColor(LIGHT.accent).rgb()
    pixels = np.array([[image.pixel(x, y) for x in range(0, 1200, 2)] for y in range(0, 640, 2)])
    assert (image.width(), image.height()) == (1200, 640)
    assert (pixels == blue).sum() > 50
    theme.deleteLater()
