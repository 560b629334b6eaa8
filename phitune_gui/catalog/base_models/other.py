"""Every model outside the Phi-3 family: named, and refused with what to use instead."""

from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.catalog.base_models.refusal import USE_INSTEAD, refuse
from phitune_gui.core.base_model import BaseModel

_NAMES = {
    "llama": "Llama", "mistral": "Mistral", "mixtral": "Mixtral", "qwen2": "Qwen2", "qwen3": "Qwen3", "gemma": "Gemma",
    "gemma2": "Gemma 2", "gemma3": "Gemma 3", "phi": "Phi-1 or Phi-2", "gpt2": "GPT-2", "gpt_neox": "GPT-NeoX", "bert": "BERT",
    "smollm3": "SmolLM3", "deepseek_v3": "DeepSeek-V3", "falcon": "Falcon", "t5": "T5", "whisper": "Whisper",
}  # fmt: skip


def judge(config: ModelConfig) -> BaseModel:
    """The verdict on any config that no other file here knows."""
    kind = config.model_type[:80]
    if not kind:
        return refuse(
            "Unknown model", "", "config.json does not say which model this is: it has no model_type.",
            "Choose a folder whose config.json says model_type phi3, such as Phi-3-mini.",
        )  # fmt: skip
    name = _NAMES.get(kind, kind)
    return refuse(name, kind, f"PhiTune tunes Phi-3 family models; this is a {name} model (model_type {kind}).", USE_INSTEAD)
