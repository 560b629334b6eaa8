"""Scanning for models: what is found, what is left alone, and what real Phi-3 folders are called."""

import json
import os
import shutil
import struct
import sys
import time
from pathlib import Path

import pytest

from phitune_gui.core.base_model import BaseModel
from phitune_gui.jobs.desk import DataDesk
from phitune_gui.jobs.questions import ask_models
from phitune_gui.store.model_folder.search import find_model_folders
from phitune_gui.store.models import MODEL_OPERATIONS, read_model
from tests.helpers.model_folder import write_config, write_model_folder
from tests.helpers.tiny_tokenizer import write_tiny_tokenizer

REAL = Path(os.environ.get("PHITUNE_TEST_DATA", "")) / "tokenizers"
needs_real_files = pytest.mark.skipif(not os.environ.get("PHITUNE_TEST_DATA"), reason="PHITUNE_TEST_DATA is not set")


def scan_models(folders: list[Path]) -> list[BaseModel]:
    """As `jobs.questions.ask_models` does, without a desk."""
    return [read_model(folder) for folder in find_model_folders(folders)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model_folder(tmp_path / "model")


def test_scan_finds_models_in_folders_and_caches(tmp_path: Path) -> None:
    plain = write_model_folder(tmp_path / "models" / "mine")
    revision = tmp_path / "hub" / "models--owner--name" / "snapshots" / "abc"
    whole = write_model_folder(tmp_path / "hub" / "models--owner--name" / "blobs" / "kept")
    revision.mkdir(parents=True)
    for file in whole.iterdir():
        (revision / file.name).symlink_to(file)
    write_config(tmp_path / "a program", model_type="").joinpath("config.json").write_text('{"theme": "dark"}')
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"")
    found = scan_models([tmp_path, plain])
    assert [model.path for model in found] == [str(tmp_path / "broken"), str(revision), str(plain)]
    assert [model.usable for model in found] == [False, True, True]
    assert read_model(revision.parents[1]).path == str(revision)


def test_scan_leaves_everything_as_it_was(tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "model")
    before = {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir()}
    scan_models([tmp_path])
    assert {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir()} == before


def test_scan_stops_far_down(tmp_path: Path) -> None:
    write_model_folder(tmp_path.joinpath(*"abcdefgh"))
    assert scan_models([tmp_path]) == []
    assert scan_models([tmp_path / "missing"]) == []


def test_desk_answers_about_models(folder: Path) -> None:
    one, many = MODEL_OPERATIONS["model"], MODEL_OPERATIONS["model_folders"]
    assert one.answer(one.request.model_validate({"path": str(folder)})) == read_model(folder)
    assert many.answer(many.request.model_validate({"folders": [str(folder.parent)]})).paths == (str(folder),)


@needs_real_files
@pytest.mark.parametrize(
    ("name", "context", "original", "folds", "note"),
    [
        ("phi-3-mini-4k-apr2024", 4096, 4096, True, "2,047 tokens"),
        ("phi-3-mini-128k-apr2024", 131072, 4096, True, "'su' as longrope"),
        ("phi-3-mini-128k-jul2024", 131072, 4096, False, "4,096 tokens by default"),
    ],
)
def test_real_phi_3_folders(name: str, context: int, original: int, folds: bool, note: str) -> None:
    model = read_model(REAL / name)
    assert model.family == "Phi-3-mini"
    assert model.name == f"Phi-3-mini {context // 1024}k"
    assert (model.context, model.original_context, model.folds_system) == (context, original, folds)
    assert model.parameters == 3_821_079_552
    assert any(note in each for each in model.notes)
    assert any("same token that ends a text" in each for each in model.notes)
    assert (model.usable, model.has_weights, model.has_tokenizer) == (False, False, True)


@needs_real_files
@pytest.mark.skipif(os.name == "nt", reason="the hole in the file would take 7.6 GB there")
def test_real_folder_with_sparse_weights_is_usable_and_quick(tmp_path: Path) -> None:
    """Weights of the true size as a hole in the disk: the headers are all that is read."""
    folder = tmp_path / "phi"
    shutil.copytree(REAL / "phi-3-mini-4k-apr2024", folder)
    _write_sparse_phi_3_mini(folder / "model.safetensors")
    began = time.perf_counter()
    model = read_model(folder)
    assert time.perf_counter() - began < 2
    assert model.usable, model.reason
    assert (model.dtype, model.parameters) == ("bfloat16", 3_821_079_552)
    assert model.weight_bytes > 2 * model.parameters


def _write_sparse_phi_3_mini(path: Path) -> None:
    shapes = {"model.embed_tokens.weight": [32064, 3072], "lm_head.weight": [32064, 3072], "model.norm.weight": [3072]}
    for layer in range(32):
        name = f"model.layers.{layer}"
        shapes |= {
            f"{name}.self_attn.qkv_proj.weight": [9216, 3072], f"{name}.self_attn.o_proj.weight": [3072, 3072],
            f"{name}.mlp.gate_up_proj.weight": [16384, 3072], f"{name}.mlp.down_proj.weight": [3072, 8192],
            f"{name}.input_layernorm.weight": [3072], f"{name}.post_attention_layernorm.weight": [3072],
        }  # fmt: skip
    fields, end = {}, 0
    for name, shape in shapes.items():
        size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        fields[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    header = json.dumps({"__metadata__": {"format": "pt"}, **fields}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    os.truncate(path, 8 + len(header) + end)


def test_tokenizer_alone_is_no_model(tmp_path: Path) -> None:
    write_tiny_tokenizer(tmp_path)
    assert "no config.json" in read_model(tmp_path).reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "README.md", "LICENSE", "model.safetensors", "chat_template.jinja"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_in_a_model_folder_holds_nobody(folder: Path, name: str, linked: bool) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder.parent / "pipe" if linked else folder / name)
    if linked:
        (folder / name).symlink_to(folder.parent / "pipe")
    began = time.monotonic()

    (model,) = scan_models([folder])

    assert time.monotonic() - began < 5
    assert model.usable == (name in ("README.md", "LICENSE"))


def test_a_bad_folder_spoils_no_others_verdict(tmp_path: Path) -> None:
    good, slow = write_model_folder(tmp_path / "good"), write_model_folder(tmp_path / "slow")
    loops = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}x"
    (slow / "chat_template.jinja").write_text(loops)
    began = time.monotonic()

    with DataDesk() as desk:
        found = {Path(model.path).name: model for model in ask_models(desk, [tmp_path])}

    assert time.monotonic() - began < 20
    assert found["good"] == read_model(good)
    assert not found["slow"].usable
    assert "works longer than 1 s" in found["slow"].reason


def test_a_folder_that_takes_the_desk_down_is_one_refused_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model_folder(tmp_path / "a")
    monkeypatch.setattr("phitune_gui.jobs.questions.FOLDER_SECONDS", 0.0)

    with DataDesk() as desk:
        (model,) = ask_models(desk, [tmp_path])

    assert (model.usable, model.name) == (False, "a")
    assert "took too long" in model.reason


@pytest.mark.skipif(sys.platform != "linux", reason="only here are names of files bytes")
def test_a_folder_whose_name_is_no_text_spoils_no_others_verdict(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "good")
    shutil.copytree(tmp_path / "good", tmp_path / os.fsdecode(b"bad \xff"))

    with DataDesk() as desk:
        found = ask_models(desk, [tmp_path])

    assert sorted(model.usable for model in found) == [False, True]
