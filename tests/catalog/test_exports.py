"""Every export target states its size and its bar; the size formulas reproduce sizes of real files."""

import pytest

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.catalog.exports import AUTOMATIC, EXPORTS, ExportTarget, export_target
from phitune_gui.catalog.launchers import LAUNCHERS, launcher
from phitune_gui.core.parity import Bar
from tests.catalog.test_base_models import MINI, STARTER

STARTER_MODEL = judge_config(STARTER)
PHI_3_MINI = judge_config(MINI)


def test_ids_are_those_of_the_command_line() -> None:
    assert {each.id for each in EXPORTS} == {"adapter", "merged", "onnx-cpu-int4", "onnx-cpu-int8", "onnx-cpu-fp32"}
    assert all(export_target(each.id) is each for each in EXPORTS)
    with pytest.raises(KeyError):
        export_target("pdf")


def test_bars_are_those_that_were_promised() -> None:
    assert export_target("onnx-cpu-fp32").bar == Bar(max_logit_difference=1e-3, max_decode_gap=1e-3)
    assert export_target("onnx-cpu-int8").bar == Bar(min_top1=0.95, max_loss_change=0.01)
    assert export_target("onnx-cpu-int4").bar == Bar(min_top1=0.85, max_loss_change=0.03)
    assert export_target("adapter").bar is None


@pytest.mark.parametrize("model", [STARTER_MODEL, PHI_3_MINI], ids=["starter", "phi-3-mini"])
def test_automatic_goes_from_small_to_large(model: object) -> None:
    sizes = [export_target(id).bytes_estimate(PHI_3_MINI if model is PHI_3_MINI else STARTER_MODEL) for id in AUTOMATIC]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(AUTOMATIC) == 3


@pytest.mark.parametrize(
    ("id", "measured"), [("onnx-cpu-int4", 113e6), ("onnx-cpu-int8", 267e6), ("merged", 538e6)]
)  # fmt: skip
def test_starter_sizes_are_as_measured(id: str, measured: float) -> None:
    assert export_target(id).bytes_estimate(STARTER_MODEL) == pytest.approx(measured, rel=0.03)


def test_merged_phi_3_mini_keeps_the_number_format_of_its_base() -> None:
    assert export_target("merged").bytes_estimate(PHI_3_MINI) == 7_642_159_104


def test_adapter_is_four_bytes_per_trained_parameter() -> None:
    assert export_target("adapter").bytes_estimate(PHI_3_MINI) == 4 * 25_165_824


@pytest.mark.parametrize("each", EXPORTS, ids=lambda each: each.id)
def test_making_an_export_needs_more_than_nothing(each: ExportTarget) -> None:
    assert each.memory_estimate(PHI_3_MINI) >= 500_000_000
    assert each.summary.endswith(".")
    assert each.kind != "onnx" or each.memory_estimate(PHI_3_MINI) > 4 * PHI_3_MINI.parameters
    with pytest.raises(TypeError):
        each.builder_options["block_size"] = "128"  # type: ignore[index]


def test_launchers_are_found_by_id() -> None:
    assert [each.id for each in LAUNCHERS] == ["single", "ddp", "fsdp2", "zero1", "zero2", "zero3"]
    assert launcher("single").several is False
    with pytest.raises(KeyError):
        launcher("slurm")
