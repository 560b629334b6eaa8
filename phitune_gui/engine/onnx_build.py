"""Builds an ONNX export from a merged float32 folder with the model builder of onnxruntime-genai, and mends what it gets wrong."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from phitune_gui.catalog.exports.export_target import ExportTarget
from phitune_gui.core.base_model import BaseModel
from phitune_gui.engine.merge import copy_licence
from phitune_gui.engine.onnx_runtime import genai
from phitune_gui.engine.tokenizer import copy_tokenizer

LONGEST_DEFAULT = 4096
"""The runtime reserves its cache for this many tokens, and longrope models answer one token wrongly when a chat crosses it."""


def prepare_for_builder(merged: Path) -> None:
    """Mend the merged folder's config for the builder: both names of the rope type, and the sliding window it would not apply."""
    file = merged / "config.json"
    config = json.loads(file.read_text("utf-8"))
    for key in ("rope_scaling", "rope_parameters"):
        rope = config.get(key)
        kind = (rope or {}).get("rope_type") or (rope or {}).get("type")
        if kind:
            config[key] = {**rope, "type": kind, "rope_type": kind}
    window = config.get("sliding_window")
    if window and window < config["max_position_embeddings"]:
        config["layer_types"] = ["sliding_attention"] * config["num_hidden_layers"]
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def build_onnx(merged: Path, target: ExportTarget, base: BaseModel, folder: Path) -> None:
    """Write the ONNX model and everything a chat needs into `folder`; `merged` went through `prepare_for_builder`."""
    genai()
    from onnxruntime_genai.models.builder import create_model, parse_extra_options

    written = [f"{name}={value}" for name, value in target.builder_options.items()]
    # A windowed cache refuses conversations shorter than the window (2047 on Phi-3-mini-4k); a full one gives the same logits.
    written += ["windowed_kv_cache=false", "hf_token=false"]
    with tempfile.TemporaryDirectory(prefix=".cache-", dir=folder.parent) as cache:
        where = (None, str(merged), str(folder), target.precision, "cpu", cache)
        create_model(*where, **parse_extra_options(*where, written))
    copy_tokenizer(Path(base.path), folder)
    copy_licence(Path(base.path), folder)
    shutil.copyfile(merged / "generation_config.json", folder / "generation_config.json")
    _mend_genai_config(folder, merged, base)


def _mend_genai_config(folder: Path, merged: Path, base: BaseModel) -> None:
    """Bound the default length, and let every stop token of the merged model end an answer."""
    file = folder / "genai_config.json"
    config: dict[str, Any] = json.loads(file.read_text("utf-8"))
    original = getattr(base, "original_context", 0) or base.context or LONGEST_DEFAULT
    config["search"]["max_length"] = min(LONGEST_DEFAULT, original, config["search"].get("max_length") or LONGEST_DEFAULT)
    generation = json.loads((merged / "generation_config.json").read_text("utf-8"))
    config["model"]["eos_token_id"] = generation["eos_token_id"]
    file.write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")


def stop_ids_of(folder: Path) -> set[int]:
    """The tokens at which the runtime ends an answer of this export."""
    ids = json.loads((folder / "genai_config.json").read_text("utf-8"))["model"]["eos_token_id"]
    return set(ids) if isinstance(ids, list) else {ids}
