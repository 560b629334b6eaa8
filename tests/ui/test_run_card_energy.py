"""The card This run says energy and cost when they are known, and nothing of them when they are not."""

import pytest
from pytestqt.qtbot import QtBot

from phitune_gui.ui.widgets.run_card import RunCard, RunWords
from tests.helpers.factories import a_plan

SAID = RunWords(model="m", technique="LoRA", batch="4", epochs="1 epoch")


@pytest.mark.parametrize(
    ("known", "text"),
    [({}, None), ({"energy_kwh": 0.5}, "0.5 kWh"), ({"energy_kwh": 0.5, "cost": 0.15}, "0.5 kWh · costs 0.15")],
)
def test_energy(known: dict[str, float], text: str | None, qtbot: QtBot) -> None:
    card = RunCard()
    qtbot.addWidget(card)
    card.show()
    card.show_plan(a_plan().model_copy(update=known), SAID, {}, fits=True)
    assert card.line("energy").isVisible() == (text is not None)
    assert text is None or card.line("energy").text() == text
