"""An adapter made by peft alone becomes a run, or is refused with the reason; nothing is fetched, unpickled or left half made."""

import json
import re
import struct
import warnings
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from peft.utils.warning import PeftWarning
from safetensors.torch import load_file, save_file

from phitune_gui.core.adapter import AdapterVerdict
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import ExportJob, ImportJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe, TechniqueSection
from phitune_gui.engine.adapter_import import run_import
from phitune_gui.engine.export import run_export
from phitune_gui.engine.model import load_base, with_adapter
from phitune_gui.engine.run_source import read_run
from phitune_gui.engine.train import run_training
from phitune_gui.store.models import read_model
from phitune_gui.store.runs import fill_run_folder, open_run
from tests.engine.conftest import Notebook, a_job, in_folder
from tests.helpers.peft_adapter import ALL_FOUR, peft_adapter
from tests.helpers.tiny_phi3 import write_tiny_phi3

pytestmark = pytest.mark.engine

KINDS: dict[str, tuple[type[peft.PeftConfig], dict[str, Any], str]] = {
    "all four layers": (peft.LoraConfig, {"r": 4}, "lora"),
    "two layers": (peft.LoraConfig, {"r": 4, "target_modules": ["qkv_proj", "o_proj"]}, "lora"),
    "every linear layer": (peft.LoraConfig, {"r": 4, "target_modules": "all-linear"}, "lora"),
    "a pattern": (peft.LoraConfig, {"r": 4, "target_modules": r".*\.(qkv_proj|o_proj)"}, "lora"),
    "DoRA": (peft.LoraConfig, {"r": 4, "use_dora": True}, "dora"),
    "rsLoRA": (peft.LoraConfig, {"r": 4, "use_rslora": True}, "rslora"),
    "IA3": (peft.IA3Config, {"feedforward_modules": ["down_proj"]}, "ia3"),
    "LoHa": (peft.LoHaConfig, {"r": 4}, "loha"),
    "LoKr": (peft.LoKrConfig, {"r": 4, "decompose_factor": 4}, "lokr"),
    "VeRA": (peft.VeraConfig, {"r": 16}, "vera"),
    "one block": (peft.LoraConfig, {"r": 4, "layers_to_transform": [1]}, "lora"),
    "a number for a block": (peft.LoHaConfig, {"r": 4, "layers_to_transform": 0}, "loha"),
    "a pattern for a block": (peft.VeraConfig, {"r": 16, "target_modules": r".*\.layers\.1\..*(qkv_proj|o_proj)"}, "vera"),
    "OFT": (peft.OFTConfig, {"oft_block_size": 16}, "oft"),
    "BOFT": (peft.BOFTConfig, {"boft_block_size": 8}, "boft"),
}
UNSUPPORTED: dict[str, tuple[type[peft.PeftConfig], dict[str, Any], str]] = {
    "wrong names": (peft.LoraConfig, {"target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}, "k_proj, q_proj, v_proj"),
    "whole layers": (peft.LoraConfig, {"modules_to_save": ["norm"]}, "norm"),
    "the head": (peft.LoraConfig, {"modules_to_save": ["lm_head"]}, "lm_head"),
    "trained tokens": (peft.LoraConfig, {"trainable_token_indices": [1, 2]}, "embed_tokens"),
    "uneven blocks": (peft.LoraConfig, {"target_modules": r".*(layers\.0\..*o_proj|qkv_proj)"}, "fewer of the model's 2 blocks"),
    "some blocks, IA3": (
        peft.IA3Config,
        {"target_modules": r".*layers\.0\..*(qkv_proj|down_proj)", "feedforward_modules": r".*down_proj"},
        "layers_to_transform",
    ),
    "ranks by layer": (peft.LoraConfig, {"rank_pattern": {"qkv_proj": 2}}, "rank_pattern"),
    "DoRA and rsLoRA": (peft.LoraConfig, {"use_dora": True, "use_rslora": True}, "use_rslora"),
    "PiSSA, unconverted": (peft.LoraConfig, {"r": 4, "init_lora_weights": "pissa"}, "pissa"),
    "OLoRA, unconverted": (peft.LoraConfig, {"r": 4, "init_lora_weights": "olora"}, "olora"),
    "another kind": (peft.FourierFTConfig, {"n_frequency": 10}, "FOURIERFT"),
    "another task": (peft.LoraConfig, {"task_type": "FEATURE_EXTRACTION"}, "FEATURE_EXTRACTION"),
}


def imported(source: Path, model: BaseModel, out: Path) -> AdapterVerdict:
    """The verdict of a whole import job."""
    notebook = Notebook(out.parent)
    return AdapterVerdict.model_validate(
        run_import(ImportJob(source=str(source), out=str(out), base_model=model), notebook, fill_run_folder).results
    )


def refused(source: Path, model: BaseModel, tmp_path: Path) -> str:
    """The reason of a refusal that left nothing behind and says what to do."""
    verdict = imported(source, model, tmp_path / "runs" / "refused")
    assert verdict.verdict == "refused"
    assert verdict.how_to_fix.endswith(".")
    assert not (tmp_path / "runs").exists() or not any((tmp_path / "runs").iterdir())
    return verdict.reason


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(input_ids=torch.arange(12).unsqueeze(0)).logits


@pytest.fixture
def lora(model: BaseModel, tmp_path: Path) -> Path:
    return peft_adapter(model, tmp_path / "from-elsewhere", r=4)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_catalog_knows_answers_as_it_did_elsewhere(kind: str, model: BaseModel, tmp_path: Path) -> None:
    config, words, id = KINDS[kind]
    source = peft_adapter(model, tmp_path / "from-elsewhere", config, **words)

    verdict = imported(source, model, tmp_path / "runs" / "one")

    assert verdict.usable, verdict.reason
    assert verdict.technique is not None
    assert verdict.technique.id == id
    weights = load_file(source / "adapter_model.safetensors")
    assert verdict.layers == len({re.findall(r"layers\.\d+\.\w+\.\w+", name)[0] for name in weights if ".layers." in name})
    assert verdict.parameters == sum(tensor.numel() for tensor in weights.values())
    run = read_run(tmp_path / "runs" / "one")
    elsewhere = logits(peft.PeftModel.from_pretrained(load_base(model, torch.float32), str(source)))
    assert torch.allclose(logits(with_adapter(load_base(model, torch.float32), run.adapter)), elsewhere, atol=1e-5)
    assert not torch.allclose(logits(load_base(model, torch.float32)), elsewhere, atol=1e-3)


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_what_would_be_wrong_here_is_refused_by_name(kind: str, model: BaseModel, tmp_path: Path) -> None:
    config, words, said = UNSUPPORTED[kind]
    assert said in refused(peft_adapter(model, tmp_path / "from-elsewhere", config, **words), model, tmp_path)


PATTERN = {
    f"model.layers.{block}.{layer}.lora_E": [(place + block) % 3 == 0 for place in range(6)]
    for block, layers in enumerate((["self_attn.qkv_proj", "mlp.down_proj"], ["self_attn.o_proj"])) for layer in layers
} | {"model.layers.1.mlp.gate_up_proj.lora_E": [False] * 6}  # fmt: skip
"""What AdaLoRA may leave: two of six ranks in some layers, none in another, all in those that are not named."""


def adaptive(model: BaseModel, folder: Path, pattern: dict[str, list[bool]] | None) -> Path:
    """An AdaLoRA as peft leaves it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The following rank_pattern keys did not match", category=RuntimeWarning)
        warnings.filterwarnings("ignore", message=".*LoRA tensor.* have invalid shape", category=PeftWarning)  # where no rank is left
        words = {"init_r": 6, "target_r": 4, "total_step": 9, "lora_alpha": 20, "rank_pattern": pattern}
        return peft_adapter(model, folder, peft.AdaLoraConfig, **words)


@pytest.mark.parametrize(("pattern", "rank"), [(None, 6), (PATTERN, 6), ({name: [True, *[False] * 5] for name in PATTERN}, 6)])
@pytest.mark.filterwarnings("ignore:The following rank_pattern keys did not match:RuntimeWarning")
def test_an_adalora_goes_on_as_the_plain_lora_that_computes_the_same(
    pattern: dict[str, list[bool]] | None, rank: int, model: BaseModel, tmp_path: Path
) -> None:
    source = adaptive(model, tmp_path / "from-elsewhere", pattern)

    verdict = imported(source, model, tmp_path / "runs" / "one")

    assert verdict.usable, verdict.reason
    assert verdict.technique is not None
    assert (verdict.technique.id, verdict.rank, verdict.technique.options["alpha"]) == ("lora", rank, 20)
    assert any("AdaLoRA" in note for note in verdict.notes)
    kept = read_run(tmp_path / "runs" / "one").adapter
    assert verdict.parameters == sum(tensor.numel() for tensor in load_file(kept / "adapter_model.safetensors").values())
    elsewhere = logits(peft.PeftModel.from_pretrained(load_base(model, torch.float32), str(source)))
    assert torch.allclose(logits(with_adapter(load_base(model, torch.float32), kept)), elsewhere, atol=1e-5)
    assert not torch.allclose(logits(load_base(model, torch.float32)), elsewhere, atol=1e-3)


def test_its_rank_is_the_highest_that_a_layer_was_left(model: BaseModel, tmp_path: Path) -> None:
    everywhere = {
        f"model.layers.{block}.{layer}.lora_E": [place <= block for place in range(6)]
        for block in range(model.layers) for layer in ("self_attn.qkv_proj", "self_attn.o_proj", "mlp.gate_up_proj", "mlp.down_proj")
    }  # fmt: skip
    verdict = imported(adaptive(model, tmp_path / "from-elsewhere", everywhere), model, tmp_path / "runs" / "one")
    assert verdict.rank == 2


@pytest.mark.parametrize("words", [{"init_r": 5}, {"rank_pattern": {"model.layers.0.mlp.down_proj.lora_E": [True] * 4}}, {"init_r": "six"}])
def test_ranks_that_the_weights_do_not_have_are_refused(words: dict[str, Any], model: BaseModel, tmp_path: Path) -> None:
    source = adaptive(model, tmp_path / "from-elsewhere", None)
    changed(source, **words)
    assert refused(source, model, tmp_path)


def test_an_adapter_of_a_model_with_fewer_blocks_is_refused(lora: Path, tmp_path: Path) -> None:
    deeper = read_model(write_tiny_phi3(tmp_path / "deeper", num_hidden_layers=3))
    assert "2 of the model's 3 blocks only" in refused(lora, deeper, tmp_path)


def test_blocks_that_the_weights_are_not_for_are_refused(model: BaseModel, tmp_path: Path) -> None:
    source = peft_adapter(model, tmp_path / "from-elsewhere", r=4, layers_to_transform=[1])
    for named in ([0, 1], [[1]], [{"a": 1}], [1.5]):
        changed(source, layers_to_transform=named)
        assert "layers_to_transform" in refused(source, model, tmp_path)


def test_the_run_says_where_it_came_from(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    verdict = imported(lora, model, tmp_path / "runs" / "one")
    record = open_run(tmp_path / "runs" / "one")
    assert record.run.state == "finished"
    assert record.run.imported == verdict
    assert (verdict.path, len(verdict.sha256)) == (str(lora), 64)


def made(kind: str, model: BaseModel, folder: Path) -> Path:
    """An adapter of one of the kinds that are more than two matrices for each layer."""
    if kind == "AdaLoRA":
        return adaptive(model, folder, PATTERN)
    return peft_adapter(model, folder, r=4, **({"use_dora": True} if kind == "DoRA" else {"layers_to_transform": [1]}))


@pytest.mark.parametrize("kind", ["DoRA", "one block", "AdaLoRA"])
def test_its_export_answers_like_torch(kind: str, model: BaseModel, tmp_path: Path) -> None:
    imported(made(kind, model, tmp_path / "from-elsewhere"), model, tmp_path / "runs" / "one")
    notebook = Notebook(tmp_path)
    done = run_export(ExportJob(run=str(tmp_path / "runs" / "one"), target="onnx-cpu-fp32", out=str(tmp_path / "out")), notebook)
    report = json.loads((tmp_path / "out" / "phitune-export.json").read_text("utf-8"))["report"]
    assert done.artifacts
    assert report["verified"], report["why"]


@pytest.mark.parametrize("kind", ["DoRA", "one block", "AdaLoRA"])
def test_training_goes_on_from_its_weights(kind: str, model: BaseModel, data: Path, tmp_path: Path) -> None:
    verdict = imported(made(kind, model, tmp_path / "from-elsewhere"), model, tmp_path / "runs" / "one")
    source = tmp_path / "runs" / "one" / "adapter"
    job = a_job(model, data, max_steps=1, learning_rate=1e-9)
    own = open_run(tmp_path / "runs" / "one").recipe
    job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"model": own.model, "technique": own.technique})})
    notebook = Notebook(in_folder(job, tmp_path / "runs" / "two"))

    run_training(job, notebook)

    before, after = (load_file(folder / "adapter_model.safetensors") for folder in (source, read_run(notebook.folder).adapter))
    assert verdict.usable
    assert before.keys() == after.keys()
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)


@pytest.mark.parametrize("technique", ["loraplus", "qlora", "eva", "pissa", "olora", "loftq"])
def test_a_technique_with_the_same_adapter_keeps_its_weights_or_refuses(
    technique: str, lora: Path, model: BaseModel, data: Path, tmp_path: Path
) -> None:
    """Those that compute a start of their own must not put it over the weights that training goes on from."""
    job = a_job(model, data, max_steps=1, learning_rate=1e-9)
    recipe: Recipe = job.recipe.model_copy(update={"model": job.recipe.model.model_copy(update={"adapter": str(lora)})})
    section = TechniqueSection.model_validate({"id": technique, "rank": 4, "alpha": 8})
    job = job.model_copy(update={"recipe": recipe.model_copy(update={"technique": section})})
    notebook = Notebook(in_folder(job, tmp_path / "run"))

    where = ""
    try:
        run_training(job, notebook)
    except CannotStart as refusal:
        where = refusal.problem.where
    if where:
        assert where == "technique.id"
        return

    before, after = (load_file(folder / "adapter_model.safetensors") for folder in (lora, read_run(notebook.folder).adapter))
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)


@pytest.mark.filterwarnings("ignore:The following rank_pattern keys did not match:RuntimeWarning")
def test_training_goes_on_from_an_adalora_that_was_not_imported(model: BaseModel, data: Path, tmp_path: Path) -> None:
    source = adaptive(model, tmp_path / "from-elsewhere", PATTERN)
    job = a_job(model, data, max_steps=1, learning_rate=1e-9)
    start = job.recipe.model.model_copy(update={"adapter": str(source)})
    notebooks = {}
    for section in ({"id": "qlora", "rank": 6, "alpha": 20}, {"id": "adalora", "rank": 6, "target_rank": 4, "alpha": 20}):
        recipe = job.recipe.model_copy(update={"model": start, "technique": TechniqueSection.model_validate(section)})
        one = job.model_copy(update={"recipe": recipe})
        notebooks[section["id"]] = one, Notebook(in_folder(one, tmp_path / str(section["id"])))

    run_training(*notebooks["qlora"])
    with pytest.raises(CannotStart, match="made as AdaLoRA"):
        run_training(*notebooks["adalora"])

    elsewhere = logits(peft.PeftModel.from_pretrained(load_base(model, torch.float32), str(source)))
    tuned = with_adapter(load_base(model, torch.float32), read_run(notebooks["qlora"][1].folder).adapter)
    assert torch.allclose(logits(tuned), elsewhere, atol=1e-5)


def test_a_recipe_for_another_adapter_does_not_begin(lora: Path, model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(model, data, max_steps=1)
    recipe: Recipe = job.recipe.model_copy(update={"model": job.recipe.model.model_copy(update={"adapter": str(lora)})})
    other = recipe.model_copy(update={"technique": recipe.technique.model_copy(update={"rank": 8})})
    job = job.model_copy(update={"recipe": other})
    with pytest.raises(CannotStart) as refusal:
        run_training(job, Notebook(in_folder(job, tmp_path / "run")))
    assert refusal.value.problem.where == "technique.id"
    assert "rank 4" in refusal.value.problem.what


def test_tensors_that_match_in_part_are_named(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    weights = load_file(lora / "adapter_model.safetensors")
    moved = {name.replace("layers.1.mlp.down_proj", "layers.1.mlp.w2"): tensor for name, tensor in weights.items()}
    save_file(moved, lora / "adapter_model.safetensors")
    assert "2 of 16 tensors" in (reason := refused(lora, model, tmp_path))
    assert "layers.1.mlp.w2" in reason


def test_an_adapter_of_another_size_is_refused_with_both_shapes(model: BaseModel, tmp_path: Path) -> None:
    larger = read_model(write_tiny_phi3(tmp_path / "larger", hidden_size=128, num_attention_heads=8))
    reason = refused(peft_adapter(larger, tmp_path / "from-elsewhere", r=4), model, tmp_path)
    assert "[128, 4]" in reason
    assert "[64, 4]" in reason


def test_a_rank_that_the_weights_do_not_have_is_refused(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    changed(lora, r=8)
    assert "[4, " in (reason := refused(lora, model, tmp_path))
    assert "[8, " in reason


def changed(folder: Path, **words: Any) -> None:
    """Write other words into the adapter's config."""
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **words}), "utf-8")


def test_a_pickle_is_refused_and_never_opened(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    (lora / "adapter_model.safetensors").unlink()
    (lora / "adapter_model.bin").write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "opened").encode() + b"'\ntR.")
    assert "pickle" in refused(lora, model, tmp_path)
    assert not (tmp_path / "opened").exists()


def test_other_bases_and_code_are_named_and_not_followed(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    changed(lora, base_model_name_or_path="somebody/phi-3-bnb-4bit", revision="main", auto_mapping={"parent_library": "os"})
    verdict = imported(lora, model, tmp_path / "runs" / "one")
    notes = " ".join(verdict.notes)
    assert "somebody/phi-3-bnb-4bit" in notes
    assert "auto_mapping and revision" in notes
    assert "quantised" in notes
    kept = json.loads((tmp_path / "runs" / "one" / "adapter" / "adapter_config.json").read_text("utf-8"))
    assert kept["base_model_name_or_path"] == model.path
    assert not {"auto_mapping", "revision"} & kept.keys()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(number: float, lora: Path, model: BaseModel, tmp_path: Path) -> None:
    weights = load_file(lora / "adapter_model.safetensors")
    next(iter(weights.values()))[0, 0] = number
    save_file(weights, lora / "adapter_model.safetensors")
    assert "not finite" in refused(lora, model, tmp_path)


def test_damaged_weights_are_refused(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    file = lora / "adapter_model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    assert "truncated" in refused(lora, model, tmp_path)
    file.write_bytes(struct.pack("<Q", 10**12) + whole[8:])
    assert "header" in refused(lora, model, tmp_path)


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"peft_type": 3}', b'{"peft_type": "LORA", "target_modules": {}}', b"[" * 100_000],
)  # fmt: skip
def test_a_broken_config_is_refused(content: bytes, lora: Path, model: BaseModel, tmp_path: Path) -> None:
    (lora / "adapter_config.json").write_bytes(content)
    assert "adapter_config.json" in refused(lora, model, tmp_path)


def test_a_nested_option_is_refused(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    changed(lora, lora_alpha={"deep": [1]})
    assert "config" in refused(lora, model, tmp_path)


def test_a_huge_config_is_not_read(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    with (lora / "adapter_config.json").open("r+b") as file:
        file.truncate(200_000_000)
    assert "larger than 1 MB" in refused(lora, model, tmp_path)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_link_out_of_the_folder_is_not_followed(name: str, lora: Path, model: BaseModel, tmp_path: Path) -> None:
    (lora / name).rename(tmp_path / name)
    (lora / name).symlink_to(tmp_path / name)
    assert "link" in refused(lora, model, tmp_path)


def test_new_tokens_are_refused_by_name(lora: Path, model: BaseModel, tmp_path: Path) -> None:
    (lora / "added_tokens.json").write_text('{"<|new|>": 512}', "utf-8")
    assert "<|new|>" in refused(lora, model, tmp_path)


def test_an_adapter_that_learned_nothing_is_said_to(model: BaseModel, tmp_path: Path) -> None:
    fresh = peft.get_peft_model(load_base(model, torch.float32), peft.LoraConfig(r=4, target_modules=ALL_FOUR, task_type="CAUSAL_LM"))
    fresh.save_pretrained(str(tmp_path / "fresh"))
    verdict = imported(tmp_path / "fresh", model, tmp_path / "runs" / "one")
    assert verdict.usable
    assert any("changes nothing" in note for note in verdict.notes)
