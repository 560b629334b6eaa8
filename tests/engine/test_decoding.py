"""Answers token by token: the same as the model's, or told; a fault that only the key/value cache shows is found by them alone."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from phitune_gui.core import events as e
from phitune_gui.core.job import ExportJob
from phitune_gui.core.names import EXPORT_MANIFEST, REFERENCE_FILE
from phitune_gui.core.parity import Bar, ParityReport
from phitune_gui.engine.decoding import MAX_TOKENS, Answer, DecodeFigures, compare_answers
from phitune_gui.engine.export import run_export
from phitune_gui.engine.export_manifest import read_manifest
from phitune_gui.engine.parity import _decode_shortfalls
from phitune_gui.engine.reference import answers_of, load_reference, save_reference
from phitune_gui.engine.verify import measure
from tests.engine.conftest import Notebook

pytestmark = pytest.mark.engine


def _says(*answers: list[int]) -> Callable[[np.ndarray, int], Iterator[int]]:
    waiting = iter(answers)
    return lambda _prompt, most: iter(next(waiting)[:most])


def _answers(*gaps: list[float]) -> list[Answer]:
    return [Answer(np.array([1, 2]), np.arange(len(each)), np.array(each)) for each in gaps]


def test_answers_are_followed_to_their_first_unequal_token() -> None:
    wanted = _answers([3.0, 2.0, 1.0], [3.0, 0.5, 1.0], [0.0004, 5.0, 5.0], [1.0])

    figures = compare_answers(wanted, _says([0, 1, 2], [0, 9, 2], [8, 1, 2], [0]))

    assert figures == DecodeFigures(4, 0.75, pytest.approx((3 + 1 + 0 + 1) / 4), 2.5, 0.5)


def test_an_answer_that_ends_too_early_is_unequal_there() -> None:
    assert compare_answers(_answers([3.0, 2.0, 1.0]), _says([0])) == DecodeFigures(1, 1.0, 1.0, 3.0, 2.0)


@pytest.mark.parametrize(("gap", "passes"), [(0.0, True), (9e-4, True), (1e-3, False), (2.0, False), (float("nan"), False)])
def test_a_token_may_differ_only_where_the_reference_was_undecided(gap: float, passes: bool) -> None:
    assert (_decode_shortfalls(Bar(max_decode_gap=1e-3), DecodeFigures(1, 1.0, 1.0, 2.0, gap)) == []) is passes
    assert _decode_shortfalls(Bar(min_top1=0.9), DecodeFigures(1, 1.0, 1.0, 2.0, gap)) == []


def test_a_float32_export_gives_the_same_answers(exported: Notebook) -> None:
    report = exported.all(e.Verified)[0].report

    assert report.decoded_answers == 4
    assert report.decode_first == 1.0
    assert report.decode_prefix == report.decode_tokens > 1
    assert "4 answers made token by token agree" in report.why


def test_a_merged_model_in_float32_gives_the_same_answers(trained: Notebook, tmp_path: Path) -> None:
    notebook = Notebook(tmp_path)
    run_export(ExportJob(run=str(trained.folder), target="merged", out=str(tmp_path / "out")), notebook)

    report = notebook.all(e.Verified)[0].report
    assert report.verified, report.why
    assert report.decode_prefix == report.decode_tokens > 1


def test_the_reference_keeps_prompts_answers_and_gaps(exported: Notebook) -> None:
    reference = load_reference(exported.folder / "out" / REFERENCE_FILE)

    answers = answers_of(reference)

    assert len(answers) == 4
    assert len(answers[0].prompt) == max(len(answer.prompt) for answer in answers)
    assert all(0 < len(answer.ids) == len(answer.gaps) <= MAX_TOKENS for answer in answers)


def test_a_reference_of_an_older_export_is_compared_as_before(exported: Notebook, tmp_path: Path) -> None:
    out = exported.folder / "out"
    reference = load_reference(out / REFERENCE_FILE)
    older = {name: value for name, value in reference._asdict().items() if not name.startswith(("prompt_", "answer_"))}
    save_reference(type(reference)(**older), tmp_path / REFERENCE_FILE)

    report = measure(out, read_manifest(out), load_reference(tmp_path / REFERENCE_FILE))

    assert report.verified
    assert report.decoded_answers == 0
    assert "token by token" not in report.why


def test_a_report_of_an_older_export_can_be_read(exported: Notebook) -> None:
    written = json.loads((exported.folder / "out" / EXPORT_MANIFEST).read_text("utf-8"))["report"]
    older = {name: value for name, value in written.items() if not name.startswith("decode")}
    del older["bar"]["max_decode_gap"]

    assert ParityReport.model_validate(older).decoded_answers == 0


def _reversed_past(graph: onnx.GraphProto) -> None:
    """The keys of earlier tokens in the wrong order; without earlier tokens nothing is changed."""
    reverse = [
        numpy_helper.from_array(np.array([value], np.int64), name)
        for name, value in (("from", -1), ("to", np.iinfo(np.int64).min), ("axis", 2), ("step", -1))
    ]
    graph.initializer.extend(reverse)
    _change_past(graph, lambda past, new: helper.make_node("Slice", [past, "from", "to", "axis", "step"], [new]))


def _negated_past(graph: onnx.GraphProto) -> None:
    _change_past(graph, lambda past, new: helper.make_node("Neg", [past], [new]))


def _change_past(graph: onnx.GraphProto, change: Callable[[str, str], onnx.NodeProto]) -> None:
    for node in [node for node in graph.node if node.op_type == "GroupQueryAttention"]:
        past = node.input[3]
        assert past.startswith("past_key_values")
        graph.node.insert(0, change(past, f"changed.{past}"))
        node.input[3] = f"changed.{past}"


@pytest.mark.parametrize("damage", [_reversed_past, _negated_past])
def test_a_fault_of_the_cache_alone_is_found(exported: Notebook, tmp_path: Path, damage: Callable[[onnx.GraphProto], None]) -> None:
    out = tmp_path / "damaged"
    shutil.copytree(exported.folder / "out", out)
    model = onnx.load(out / "model.onnx", load_external_data=False)
    damage(model.graph)
    onnx.save(model, out / "model.onnx")
    config = json.loads((out / "genai_config.json").read_text("utf-8"))
    config["search"]["past_present_share_buffer"] = False
    (out / "genai_config.json").write_text(json.dumps(config), "utf-8")

    report = measure(out, read_manifest(out), load_reference(out / REFERENCE_FILE))

    assert report.top1 == 1.0
    assert report.max_logit_difference <= 1e-4
    assert not report.verified
    assert report.why.startswith("Not verified: token by token it answers otherwise")
    assert report.decode_first == 1.0
    assert report.decode_prefix < report.decode_tokens
