"""The builder's known weak points: sliding windows, long rope, tied embeddings give the model's own logits; tokenizer drift is seen."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from phitune_gui.catalog.exports import export_target
from phitune_gui.engine import onnx_runtime
from phitune_gui.engine.merge import save_model
from phitune_gui.engine.model import load_base
from phitune_gui.engine.onnx_build import build_onnx, prepare_for_builder
from phitune_gui.engine.parity import RUNTIME_DRIFT, tokenizer_drift
from phitune_gui.engine.reference import Reference, load_reference
from phitune_gui.engine.tokenizer import probe_texts
from phitune_gui.store.models import read_model
from tests.engine.conftest import Notebook
from tests.helpers.tiny_phi3 import write_tiny_phi3

pytestmark = pytest.mark.engine
LONG_ROPE = {
    "rope_type": "longrope", "short_factor": [1.0 + 0.01 * each for each in range(8)],
    "long_factor": [1.5 + 0.5 * each for each in range(8)],
    "rope_theta": 10000.0, "partial_rotary_factor": 1.0, "original_max_position_embeddings": 128,
}  # fmt: skip
CHANGES = {
    "sliding": {"sliding_window": 47},
    "long rope": {"original_max_position_embeddings": 128, "rope_parameters": LONG_ROPE},
    "early long rope": {"original_max_position_embeddings": 128, "rope_parameters": LONG_ROPE},
    "tied": {"tie_word_embeddings": True},
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_kind_of_phi3_keeps_its_logits(name: str, tmp_path: Path) -> None:
    folder = write_tiny_phi3(tmp_path / "model", **CHANGES[name])
    if name == "early long rope":
        _write_as_in_april_2024(folder / "config.json")
    base = read_model(folder)
    assert base.usable, base.reason
    model, merged = load_base(base, torch.float32).eval(), tmp_path / "merged"
    merged.mkdir()
    save_model(model, base, (510,), merged)
    prepare_for_builder(merged)

    build_onnx(merged, export_target("onnx-cpu-fp32"), base, tmp_path / "onnx")

    onnx = onnx_runtime.open_model(tmp_path / "onnx", 1)
    for length in (20, 100, 300):
        ids = np.random.default_rng(length).integers(10, 500, length)
        with torch.inference_mode():
            expected = model(torch.from_numpy(ids)[None]).logits[0].numpy()
        assert np.abs(onnx_runtime.prompt_logits(onnx, ids) - expected).max() < 1e-4


def _write_as_in_april_2024(config: Path) -> None:
    """The first 128k releases named their rope type `su`, under `rope_scaling`."""
    fields = json.loads(config.read_text("utf-8"))
    rope = fields.pop("rope_parameters")
    fields["rope_scaling"] = {"type": "su", "short_factor": rope["short_factor"], "long_factor": rope["long_factor"]}
    config.write_text(json.dumps({**fields, "rope_theta": 10000.0}), "utf-8")


def test_another_id_after_a_role_token_is_drift_and_rare_punctuation_is_not(exported: Notebook) -> None:
    out = exported.folder / "out"
    raw = Tokenizer.from_file(str(out / "tokenizer.json"))
    row = "<|user|>\n" + "what about it " * 100
    said = tuple((text, tuple(raw.encode(text, add_special_tokens=False).ids)) for text in (row, *probe_texts(raw)))
    reference = load_reference(out / "reference.safetensors")._replace(said=said)
    same = {text: list(ids) for text, ids in said}
    probe = next(text for text in same if text.startswith("<|user|>\nHi there"))

    def agrees(changed: dict[str, list[int]], reference: Reference = reference) -> bool:
        return tokenizer_drift(reference, out, lambda texts: [{**same, **changed}[text] for text in texts]) <= RUNTIME_DRIFT

    assert agrees({})
    assert agrees({row: [*same[row][:9], 5, *same[row][10:]]})
    assert not agrees({row: [5 if at % 20 == 0 else id for at, id in enumerate(same[row])]})
    assert not agrees({probe: [same[probe][0], 5, *same[probe][2:]]})
    trained_otherwise = (row, (5, *same[row][1:]))
    assert not agrees({row: list(trained_otherwise[1])}, reference._replace(said=(trained_otherwise, *said[1:])))
