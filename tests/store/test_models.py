"""Every kind of model folder gets the right verdict, with one clear reason and what to do."""

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from phitune_gui.store.models import check_weights, read_model
from tests.helpers.model_folder import tiny_tensors, write_config, write_model_folder, write_shards

REAL = Path(os.environ.get("PHITUNE_TEST_DATA", "")) / "tokenizers"
needs_real_files = pytest.mark.skipif(not os.environ.get("PHITUNE_TEST_DATA"), reason="PHITUNE_TEST_DATA is not set")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model_folder(tmp_path / "model")


def test_whole_folder_is_usable(folder: Path) -> None:
    model = read_model(folder)
    assert (model.usable, model.reason, model.has_weights, model.has_tokenizer) == (True, "", True, True)
    assert model.path == str(folder)
    assert model.parameters == sum(tensor.size for tensor in tiny_tensors().values())
    assert model.weight_bytes == (folder / "model.safetensors").stat().st_size
    assert model.dtype == "float32"
    assert model.chat is not None
    assert (model.chat.answer_header, model.chat.answer_end) == ("<|assistant|>", "<|end|>")
    assert not model.folds_system
    assert any("<|end|>" in note for note in model.notes)


def test_parameters_from_config_equal_those_of_the_headers(folder: Path) -> None:
    with_weights = read_model(folder)
    (folder / "model.safetensors").unlink()
    without = read_model(folder)
    assert without.parameters == with_weights.parameters
    assert (without.usable, without.has_weights, without.hidden, without.layers) == (False, False, 64, 2)
    assert "no weights" in without.reason


def test_shards_are_read_together(folder: Path) -> None:
    write_shards(folder)
    model = read_model(folder)
    assert model.usable, model.reason
    assert model.parameters == sum(tensor.size for tensor in tiny_tensors().values())


def _no_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "model.safetensors").unlink()


def _broken_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "phi3",\n "hidden_size": }')


def _deep_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"a":' * 100_000 + "1" + "}" * 100_000)


def _huge_config(folder: Path) -> None:
    (folder / "config.json").write_bytes(b" " * 10_000_001)


def _list_config(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


def _odd_number(folder: Path) -> None:
    write_config(folder, hidden_size="very large")


def _nothing_stated(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "phi3"}')


def _odd_heads(folder: Path) -> None:
    write_config(folder, num_attention_heads=7)


def _phi3small(folder: Path) -> None:
    write_config(folder, model_type="phi3small")


def _vision(folder: Path) -> None:
    write_config(folder, model_type="phi3_v")


def _moe(folder: Path) -> None:
    write_config(folder, model_type="phimoe")


def _multimodal(folder: Path) -> None:
    write_config(folder, model_type="phi4mm")


def _llama(folder: Path) -> None:
    write_config(folder, model_type="llama")


def _unnamed(folder: Path) -> None:
    write_config(folder, model_type="")


def _quantised(folder: Path) -> None:
    write_config(folder, quantization_config={"quant_method": "awq", "bits": 4})


def _truncated(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 100_000)


def _cut_header(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 300)


def _longer(folder: Path) -> None:
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"more")


def _lfs_pointer(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 269060552\n")


def _no_safetensors(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 5000)


def _overlap(folder: Path) -> None:
    fields = {name: {"dtype": "F32", "shape": [4], "data_offsets": [begin, begin + 16]} for name, begin in (("a", 0), ("b", 8))}
    header = json.dumps(fields).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(24))


def _lying_shape(folder: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [5], "data_offsets": [0, 16]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))


def _negative_offset(folder: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [-16, 0]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)


def _nested_words(folder: Path) -> None:
    header = json.dumps({"__metadata__": {"format": [[]]}, "a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))


def _dangling(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder / "blob that is gone")


def _missing_shard(folder: Path) -> None:
    (folder / write_shards(folder)[1]).unlink()


def _short_shard(folder: Path) -> None:
    os.truncate(folder / write_shards(folder)[0], 20_000)


def _missing_list(folder: Path) -> None:
    write_shards(folder)
    (folder / "model.safetensors.index.json").unlink()


def _wrong_list(folder: Path) -> None:
    first, second = write_shards(folder)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"lm_head.weight": second, "x.weight": first}}))


def _escaping_list(folder: Path) -> None:
    write_shards(folder)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../../secret.safetensors"}}))


def _pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _other_shapes(folder: Path) -> None:
    write_config(folder, intermediate_size=256)


def _more_layers(folder: Path) -> None:
    write_config(folder, num_hidden_layers=3)


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "tokenizer.model")


def _broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")


def _foreign_tokenizer(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text())
    content["added_tokens"][-1]["id"] = 100_000
    (folder / "tokenizer.json").write_text(json.dumps(content))


def _no_template(folder: Path) -> None:
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["chat_template"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def _template_that_does_not_parse(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{% for message in %}")


def _deaf_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("hello")


def _unknown_markers(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text())
    content["added_tokens"] = content["added_tokens"][:3]
    (folder / "tokenizer.json").write_text(json.dumps(content))


def _adapter(folder: Path) -> None:
    _no_config(folder)
    (folder / "adapter_config.json").write_text("{}")


def _gguf(folder: Path) -> None:
    _no_config(folder)
    (folder / "phi-3.Q4_0.gguf").write_bytes(b"GGUF")


def _onnx(folder: Path) -> None:
    _no_config(folder)
    (folder / "genai_config.json").write_text("{}")
    (folder / "model.onnx").write_bytes(b"")


def _gone(folder: Path) -> None:
    shutil.rmtree(folder)


def _file_instead(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_no_config, "no config.json"),
        (_broken_config, "config.json is no valid JSON"),
        (_deep_config, "config.json is no valid JSON"),
        (_huge_config, "config.json is larger than 10 MB"),
        (_list_config, "holds no JSON object"),
        (_odd_number, "'very large' as hidden_size"),
        (_nothing_stated, "does not state hidden_size"),
        (_odd_heads, "do not fit each other"),
        (_phi3small, "never runs code"),
        (_vision, "vision model"),
        (_moe, "Phi-3.5-MoE"),
        (_multimodal, "text, pictures and sound"),
        (_llama, "PhiTune tunes Phi-3 family models; this is a Llama model (model_type llama)"),
        (_unnamed, "no model_type"),
        (_quantised, "already quantised (awq)"),
        (_truncated, "truncated: model.safetensors has 100000 of "),
        (_cut_header, "truncated: model.safetensors has 300 of "),
        (_longer, "model.safetensors is damaged"),
        (_lfs_pointer, "Git LFS pointer"),
        (_no_safetensors, "no possible length"),
        (_overlap, "overlap"),
        (_lying_shape, "another length than its shape says"),
        (_negative_offset, "describes a wrongly"),
        (_nested_words, "its __metadata__ is no map of texts"),
        (_dangling, "a link to a file that is gone"),
        (_missing_shard, "Weight files are missing: model-00002-of-00002.safetensors"),
        (_short_shard, "truncated: model-00001-of-00002.safetensors has 20000 of "),
        (_missing_list, "model.safetensors.index.json, is missing"),
        (_wrong_list, "does not hold x.weight"),
        (_escaping_list, "outside the model folder"),
        (_pickle, "pickle files (pytorch_model.bin)"),
        (_other_shapes, "has the shape [256, 64] instead of [512, 64]"),
        (_more_layers, "model.layers.2.self_attn.qkv_proj.weight is missing"),
        (_no_tokenizer, "no tokenizer.json"),
        (_broken_tokenizer, "tokenizer.json' is not valid JSON"),
        (_foreign_tokenizer, "token 100000"),
        (_no_template, "no chat template"),
        (_template_that_does_not_parse, "cannot be parsed"),
        (_deaf_template, "does not write what the user says"),
        (_unknown_markers, "neither <|assistant|> nor <|im_start|>"),
        (_adapter, "This is an adapter"),
        (_gguf, "GGUF"),
        (_onnx, "ONNX"),
        (_gone, "does not exist"),
        (_file_instead, "is a file"),
    ],
)
def test_unusable_folder_says_why_and_what_to_do(folder: Path, damage: Callable[[Path], None], reason: str) -> None:
    damage(folder)
    model = read_model(folder)
    assert not model.usable
    assert reason in model.reason
    assert model.how_to_fix.endswith(".")
    assert model.name


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_unreadable_file_says_so(folder: Path) -> None:
    (folder / "config.json").chmod(0)
    assert "cannot be read" in read_model(folder).reason


def test_verdict_of_the_family_comes_before_other_reasons(folder: Path) -> None:
    _llama(folder)
    _truncated(folder)
    assert "Llama" in read_model(folder).reason


def test_check_weights_lists_everything(folder: Path) -> None:
    assert check_weights(folder) == []
    first, second = write_shards(folder)
    (folder / first).unlink()
    os.truncate(folder / second, 1000)
    assert [problem.severity for problem in check_weights(folder)] == ["problem", "problem"]


def test_template_that_drops_system_messages_is_found(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(
        "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['content'] }}{% endif %}{% endfor %}"
    )
    model = read_model(folder)
    assert model.usable, model.reason
    assert model.folds_system


@pytest.mark.parametrize(
    ("file", "text", "licence"),
    [
        ("README.md", "---\nlanguage: en\nlicense: mit\n---\n# Phi", "MIT"),
        ("README.md", "---\nlicense: apache-2.0\n---\n", "Apache-2.0"),
        ("README.md", "# Phi\nlicense: mit\n", "not stated"),
        ("LICENSE", "MIT License\n\nCopyright", "MIT"),
    ],
)
def test_licence_is_read_from_the_folder(folder: Path, file: str, text: str, licence: str) -> None:
    (folder / file).write_text(text)
    assert read_model(folder).licence == licence
