"""The document's table is shipped as printed, with the six cells that were corrected since, each with its reason."""

import json
from pathlib import Path

import pytest

from phitune_gui.catalog.scenarios import COLUMNS, SCENARIOS, Scenario, column_of, scenario
from phitune_gui.catalog.techniques import TECHNIQUES, technique
from phitune_gui.core.problem import CannotStart

CORRECTED = {
    ("cost", "PEFT", True), ("cost", "DORA", True), ("memory", "LoRA", True), ("memory", "PEFT", True), ("fewer_params", "LoRA", True),
    ("aggregate_gpu", "DORA", False),
}  # fmt: skip


def test_the_table_has_nine_rows_with_44_yes_and_10_no() -> None:
    says = [cell.document_says for each in SCENARIOS for cell in each.cells]
    assert (len(SCENARIOS), says.count(True), says.count(False)) == (9, 44, 10)
    assert len({each.id for each in SCENARIOS}) == 9


def test_six_cells_are_corrected_each_with_a_sentence() -> None:
    found = [(each.id, cell) for each in SCENARIOS for cell in each.cells if cell.is_corrected]
    assert {(id, cell.column, cell.corrected) for id, cell in found} == CORRECTED
    assert all(cell.why.endswith(".") for _id, cell in found)
    assert not any(cell.why for each in SCENARIOS for cell in each.cells if not cell.is_corrected)


def test_every_cell_equals_the_document(test_data: Path) -> None:
    matrix = json.loads((test_data / "seed_matrix.json").read_text("utf-8"))
    assert tuple(matrix["columns"]) == COLUMNS
    assert [row["id"] for row in matrix["rows"]] == [each.id for each in SCENARIOS]
    for row, each in zip(matrix["rows"], SCENARIOS, strict=True):
        assert {cell.column: cell.document_says for cell in each.cells} == row["seed"]
        assert {cell.column: cell.corrected for cell in each.cells} == row["upstream_corrected"]
        assert each.title_ta == row["tamil"]


def test_every_technique_finds_its_column() -> None:
    assert {id: column_of(technique(id)) for id in ("lora", "rslora", "olora", "dora", "ia3", "boft", "full")} == {
        "lora": "LoRA", "rslora": "LoRA", "olora": "LoRA", "dora": "DORA", "ia3": "PEFT", "boft": "PEFT", "full": None,
    }  # fmt: skip
    assert all(column_of(each) in (*COLUMNS, None) for each in TECHNIQUES)


def test_an_unknown_scenario_is_answered_with_the_list() -> None:
    with pytest.raises(CannotStart) as refusal:
        scenario("poker")
    assert "adapt, nlp, qa, chat" in refusal.value.problem.how_to_fix


@pytest.mark.parametrize("each", SCENARIOS, ids=lambda each: each.id)
def test_a_card_has_few_enough_words_for_a_narrow_page(each: Scenario) -> None:
    assert 0 < len(each.label) <= 28
    assert 0 < len(each.hint) <= 22
