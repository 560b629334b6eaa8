"""Folds an adapter into its base model, always in float32 on a freshly loaded base, and saves the result as a model folder."""

import json
import shutil
from pathlib import Path

import torch
from transformers import GenerationConfig, Phi3ForCausalLM

from phitune_gui.catalog.exports.refusal import export_refusal
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.model import load_base, with_adapter
from phitune_gui.engine.run_source import RunSource
from phitune_gui.engine.tokenizer import copy_tokenizer

LICENCE_NAMES = ("LICENSE*", "LICENCE*", "NOTICE*", "COPYING*")


def merged_model(source: RunSource) -> Phi3ForCausalLM:
    """The tuned model in float32, its adapter folded in; the base is never a quantised one, whatever it was trained on."""
    refused = export_refusal(source.job.recipe.technique.id, "merged")
    if refused is not None:
        raise CannotStart(refused.where, refused.what, refused.how_to_fix)
    base = load_base(source.loaded_model, torch.float32)
    if not source.is_adapter:
        return base.eval()
    return with_adapter(base, source.adapter).merge_and_unload(safe_merge=True).eval()


def save_model(model: Phi3ForCausalLM, base: BaseModel, stop_ids: tuple[int, ...], folder: Path) -> None:
    """Write a whole model folder: weights in the model's dtype, tokenizer byte for byte, template, stop tokens, licence."""
    model.generation_config = generation_config(base, stop_ids)
    model.save_pretrained(folder)
    copy_tokenizer(Path(base.path), folder)
    copy_licence(Path(base.path), folder)


def generation_config(base: BaseModel, stop_ids: tuple[int, ...]) -> GenerationConfig:
    """The base's generation settings with the token that ends an answer among the stop tokens; without it answers never end."""
    file = Path(base.path) / "generation_config.json"
    written = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    config = json.loads((Path(base.path) / "config.json").read_text("utf-8"))
    stated = written.get("eos_token_id", config.get("eos_token_id"))
    others = stated if isinstance(stated, list) else [stated] if stated is not None else []
    return GenerationConfig(
        bos_token_id=written.get("bos_token_id", config.get("bos_token_id")),
        eos_token_id=list(dict.fromkeys((*stop_ids, *others))),
        pad_token_id=written.get("pad_token_id", config.get("pad_token_id")),
    )


def copy_licence(source: Path, target: Path) -> None:
    """Copy the base model's licence files, which go with every copy of its weights."""
    for pattern in LICENCE_NAMES:
        for file in source.glob(pattern):
            if file.is_file():
                shutil.copyfile(file, target / file.name)
