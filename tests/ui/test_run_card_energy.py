"""The card This run says energy and cost when they are known, and nothing of them when they are not."""

import pytest
from pytestqt.qtbot import QtBot

from phitune_gui.ui.widgets.run_card import RunCard, RunWords
from tests.helpers.factories import a_plan

SAID = RunWords(model="m", technique="LoRA", batch="4", epochs="1 epoch")


@pytest.mark.parametrize(
    ("known", "energy", "cost"),
    [
        ({}, None, None),
        ({"energy_kwh": 0.5}, "0.5 kWh", None),
        ({"energy_kwh": 0.5, "cost": 0.0}, "0.5 kWh", None),
        ({"energy_kwh": 0.5, "cost": 0.15}, "0.5 kWh", "0.15 at 0.3 per kWh"),
        ({"energy_kwh": 0.0012, "cost": 0.00036}, "0.0012 kWh", "0.00036 at 0.3 per kWh"),
    ],
)
def test_energy_and_cost(known: dict[str, float], energy: str | None, cost: str | None, qtbot: QtBot) -> None:
    card = RunCard()
    qtbot.addWidget(card)
    card.show()
    card.show_plan(a_plan().model_copy(update=known), SAID, {}, fits=True)
    for name, text in (("energy", energy), ("cost", cost)):
        assert card.line(name).isVisible() == (text is not None)
        assert text is None or card.line(name).text() == text
