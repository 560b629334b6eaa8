"""Tamil can be drawn on every machine: by a font of the system, else by the one that comes along."""

import pytest
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QRawFont
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from phitune_gui.catalog.scenarios import SCENARIOS
from phitune_gui.files.resources import resource
from phitune_gui.ui.fonts import TAMIL_FILES, provide_tamil
from phitune_gui.ui.theme import Theme

LETTERS = sorted({letter for each in SCENARIOS for letter in each.title_ta if "\u0b80" <= letter <= "\u0bff"})


@pytest.mark.parametrize("weight", [QFont.Weight.Normal, QFont.Weight.DemiBold], ids=["normal", "strong"])
def test_no_letter_of_the_tamil_titles_is_drawn_as_an_empty_box(qtbot: QtBot, qapp: QApplication, weight: QFont.Weight) -> None:
    theme = Theme(qapp, "light")
    font = qapp.font()
    font.setWeight(weight)

    assert LETTERS
    assert [letter for letter in LETTERS if not QFontMetrics(font).inFontUcs4(ord(letter))] == []
    theme.deleteLater()


def test_it_is_lent_only_where_tamil_cannot_be_written(qtbot: QtBot, qapp: QApplication) -> None:
    provide_tamil()
    before = QFontDatabase.families(QFontDatabase.WritingSystem.Tamil)
    assert before

    provide_tamil()

    assert QFontDatabase.families(QFontDatabase.WritingSystem.Tamil) == before


@pytest.mark.parametrize("file", TAMIL_FILES)
def test_the_font_that_comes_along_knows_every_letter_of_the_titles(qtbot: QtBot, qapp: QApplication, file: str) -> None:
    font = QRawFont(str(resource("fonts", file)), 14)

    assert font.familyName() == "Noto Sans Tamil"
    assert [letter for letter in LETTERS if not font.supportsCharacter(ord(letter))] == []
