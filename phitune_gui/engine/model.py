"""Loads a Phi-3 base model by its explicit classes and puts an adapter on it, counting what really got one."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import peft
import torch
from peft.tuners.boft import layer as boft
from transformers import Phi3Config, Phi3ForCausalLM

from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Value
from phitune_gui.engine.quantise import bitsandbytes_config, keep_trainable, let_go_of_files

Tuned = peft.PeftModel | Phi3ForCausalLM


def read_config(folder: Path) -> Phi3Config:
    """The folder's config, mended in memory: early 128k folders say rope type `su`, which transformers 5 refuses.

    Remote code that the file names is left out: only the Phi-3 class of transformers itself is ever used.
    """
    written = json.loads((folder / "config.json").read_text("utf-8"))
    if written.get("model_type") != "phi3":
        raise CannotStart(
            "model.path",
            f"The model in {folder} is of the type '{written.get('model_type')}', which PhiTune cannot load.",
            "Choose a folder of the Phi-3, Phi-3.5-mini, Phi-4 or Phi-4-mini family.",
        )
    fields = {name: value for name, value in written.items() if name not in ("auto_map", "quantization_config")}
    for key in ("rope_scaling", "rope_parameters"):
        if isinstance(fields.get(key), dict):
            fields[key] = _mended_rope(fields[key])
    return Phi3Config.from_dict(fields)


def load_base(model: BaseModel, dtype: torch.dtype, quantisation: Quantisation | None = None) -> Phi3ForCausalLM:
    """The base model on the CPU or the first GPU, from safetensors alone, nothing fetched, no remote code.

    With `quantisation` its linear layers are kept in fewer bits and compute in `dtype`.
    """
    folder = Path(model.path)
    if not any(folder.glob("*.safetensors")):
        raise CannotStart(
            "model.path", f"The folder {folder} holds no .safetensors weights.", "Choose a model folder with safetensors weights."
        )
    extra: dict[str, Any] = {}
    if quantisation is not None:
        extra["quantization_config"] = bitsandbytes_config(quantisation, dtype)
    loaded = Phi3ForCausalLM.from_pretrained(
        folder, config=read_config(folder), dtype=dtype, use_safetensors=True, local_files_only=True, attn_implementation="sdpa", **extra
    )
    if quantisation is not None:
        keep_trainable(loaded)
        let_go_of_files(loaded)
    return loaded


def attach_adapter(model: Phi3ForCausalLM, technique: Technique, options: Value, **changes: Any) -> tuple[Tuned, int]:
    """The model with a fresh adapter, and how many layers got one; full fine-tuning returns the model itself and 0.

    `changes` replace words of the technique's PEFT config. Raises CannotStart when a target layer that was asked for does not exist in
    this model.
    """
    written = technique.peft_config(options)
    if written is None:
        return model, 0
    config = peft.get_peft_config({**written, **changes})
    _refuse_missing(model, config)
    _compile_nothing()
    tuned = peft.get_peft_model(model, config)
    return tuned, len(getattr(tuned.base_model, "targeted_module_names", ()))


def with_adapter(base: Phi3ForCausalLM, folder: Path) -> peft.PeftModel:
    """The base with a trained adapter on it."""
    _compile_nothing()
    with warnings.catch_warnings():
        # peft 0.21 looks for layers by the names in AdaLoRA's rank pattern, which are those of parameters; it applies it all the same.
        warnings.filterwarnings("ignore", message="The following rank_pattern keys did not match", category=RuntimeWarning)
        return peft.PeftModel.from_pretrained(base, str(folder), local_files_only=True)


def _compile_nothing() -> None:
    """Else peft compiles a CUDA extension for BOFT at run time, which needs a compiler; plain torch does as well."""
    boft.get_fbd_cuda = lambda: None


def _refuse_missing(model: Phi3ForCausalLM, config: peft.PeftConfig) -> None:
    """Phi-3 fuses its linear layers; recipes that name `q_proj` would silently train a part of what they think."""
    wanted = getattr(config, "target_modules", None)
    if wanted is None or isinstance(wanted, str):
        return
    names = [name for name, _module in model.named_modules()]
    missing = sorted(target for target in wanted if not _matches(names, target))
    if missing:
        linear = sorted({name.rsplit(".", 1)[-1] for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)})
        raise CannotStart(
            "technique.target_modules",
            f"This model has no layer called {', '.join(missing)}.",
            f"Choose among {', '.join(linear)}; Phi-3 keeps query, key and value in qkv_proj, gate and up in gate_up_proj.",
        )


def _matches(names: Sequence[str], target: str) -> bool:
    return any(name == target or name.endswith(f".{target}") for name in names)


def _mended_rope(rope: dict[str, Any]) -> dict[str, Any]:
    """The same rope settings under the names that both transformers and the ONNX builder read."""
    kind = rope.get("rope_type") or rope.get("type")
    kind = "longrope" if kind in ("su", "yarn") else kind
    return {**rope, "type": kind, "rope_type": kind} if kind else dict(rope)


def parameter_counts(model: torch.nn.Module) -> tuple[int, int]:
    """Trainable parameters, and those of the base model, as the plan counts; 4-bit weights count as what they stand for.

    peft's own print adds the adapter to the second number (0.654 % instead of 0.659 % for rank 16 on Phi-3-mini).
    """
    trainable = sum(_numbers(parameter) for parameter in model.parameters() if parameter.requires_grad)
    packed = sum(parameter.numel() for parameter in model.parameters() if _is_packed(parameter))
    everything = sum(_numbers(parameter) for parameter in model.parameters()) + packed
    return trainable, everything - trainable if isinstance(model, peft.PeftModel) else everything


def _numbers(parameter: torch.nn.Parameter) -> int:
    """Also of one that DeepSpeed has split, which looks empty."""
    return int(getattr(parameter, "ds_numel", parameter.numel()))


def _is_packed(parameter: torch.nn.Parameter) -> bool:
    """Whether two 4-bit weights lie in each number."""
    return type(parameter).__name__ == "Params4bit"
