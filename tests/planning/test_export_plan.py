"""What speaks against an export is said before it starts, with what to do instead."""

import pytest

from phitune_gui.catalog.exports import EXPORTS
from phitune_gui.core import events as e
from phitune_gui.core.machine_report import ONNX, Finding
from phitune_gui.core.run import Run, apply_all
from phitune_gui.planning.export_plan import export_problems
from tests.helpers.factories import a_machine, a_model, a_training

FINISHED = apply_all(Run(), [*a_training(10), e.JobFinished()])


@pytest.mark.parametrize("target", ["auto", *(export.id for export in EXPORTS)])
@pytest.mark.parametrize("ok", [True, False])
def test_an_export_that_needs_what_failed_is_refused_with_the_reason(target: str, ok: bool) -> None:
    finding = Finding(name=ONNX, ok=ok, why="ImportError: a library is missing", how_to_fix="Install PhiTune again.")
    machine = a_machine(200).model_copy(update={"findings": (finding,)})
    said = [problem.what for problem in export_problems(FINISHED, "lora", a_model(), target, machine) if problem.severity == "problem"]
    needs_it = target == "auto" or target.startswith("onnx")
    expected = "The doctor could not run an ONNX model here: ImportError: a library is missing."
    assert said == ([expected] if needs_it and not ok else [])


@pytest.mark.parametrize("technique", ["prompt", "ptuning", "prefix"])
def test_virtual_tokens_leave_as_an_adapter_only(technique: str) -> None:
    for target in ("auto", *(export.id for export in EXPORTS)):
        found = [each for each in export_problems(FINISHED, technique, a_model(), target, a_machine(1000)) if each.where == "target"]
        assert bool(found) is (target != "adapter")
        assert all("nothing to fold in" in each.what and "adapter" in each.how_to_fix for each in found)


def test_nothing_speaks_against_a_lora() -> None:
    assert all(each.where != "target" for each in export_problems(FINISHED, "lora", a_model(), "auto", a_machine(1000)))
